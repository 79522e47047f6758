#![no_main]

gingham_fuzz::target!(read_idx);
