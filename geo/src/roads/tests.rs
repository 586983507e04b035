//! What the roads promise.

mod answers;
mod damage;
mod extracts;
mod oracle;
mod sketch;
mod turning;
