//! `registry pull REF`

fn main() {}
