//! The program as its users meet it: run as a process, judged by exit code, streams and files alone.
//!
//! | module | what it holds |
//! |---|---|
//! | `augment` | images that are changed for training, answers from two looks |
//! | `catalogue` | bad inputs of every kind, a row each: code, message, time, and nothing touched |
//! | `changes` | data files that are cut, written over, removed or replaced while a run reads them |
//! | `documents` | README and guide: every command runs and leaves what it should |
//! | `explore` | figures, duplicates, images as text, pictures and the map |
//! | `refusals` | bad input: exit code, one message, nothing written |
//! | `formats` | export, import and the event file |
//! | `odd` | random command lines over odd data folders: always an answer |
//! | `pipeline` | synth, train, evaluate, predict, and that they agree |
//! | `report` | the report and its figures: complete, true, self-contained |
//! | `field_page` | pages and figures of many runs, many classes, long names |
//! | `terminal` | help, version, closed streams, names that are no text |
//! | `progress` | the bar, the lines, colours: on a terminal and elsewhere |
//! | `field_data` | data folders as archives and other tools leave them, and class names of all kinds |
//! | `field_pictures` | pictures as people have them: transparent, inverted, damaged, from a pipe |
//! | `finding` | completions, manual pages, names that are nearly right |
//! | `keeping` | runs that are killed, stopped by signals, moved or begun twice |
//! | `starting` | runs that start from another run's network, or from one that was trained elsewhere |
//! | `limits` | short of memory, threads and names; other data than a configuration was written for |
//! | `field_settings`, `field_outputs` | settings and outputs as people give them |
//! | `folds` | cross-validation, stratified hold-out, a validation set of one's own |
//! | `sweep` | many runs from one plan, killed, begun twice and refused |
//! | `workers` | small runs of a sweep beside each other |
//! | `shards` | the parts of a plan, each in a folder of its own |
//! | `sweep_page` | the page and the figures of a sweep, and its bar on a terminal |
//! | `field_sweep` | the sweep in a shell |
//! | `real_data` | the article's figures, where `$GINGHAM_DATA` names Fashion-MNIST |

#![cfg(all(feature = "cli", unix))]

mod augment;
mod catalogue;
mod changes;
mod documents;
mod ensemble;
mod explore;
mod field_data;
mod field_outputs;
mod field_page;
mod field_pictures;
mod field_settings;
mod field_sweep;
mod finding;
mod folds;
mod formats;
mod halving;
mod keeping;
mod limits;
mod odd;
mod pipeline;
mod progress;
mod real_data;
mod refusals;
mod report;
mod shards;
mod starting;
mod stopping;
mod sweep;
mod sweep_page;
mod terminal;
mod util;
mod workers;
