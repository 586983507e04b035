//! What do we promise. The promises are in `it/`; there is nothing here.
