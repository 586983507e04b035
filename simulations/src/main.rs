//! The binary `hansom-sim`: cities of simulated people, from the command line.

use std::process::ExitCode;

fn main() -> ExitCode {
    simulations::command::main()
}
