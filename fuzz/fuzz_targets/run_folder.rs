#![no_main]

gingham_fuzz::target!(read_run_folder);
