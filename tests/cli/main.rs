//! The program as its users meet it: run as a process, judged by exit code, streams and files alone.
//!
//! | module | what it holds |
//! |---|---|
//! | `explore` | figures, duplicates, images as text, pictures and the map |
//! | `refusals` | bad input: exit code, one message, nothing written |
//! | `formats` | export, import and the event file |
//! | `pipeline` | synth, train, evaluate, predict, and that they agree |
//! | `report` | the report and its figures: complete, true, self-contained |
//! | `terminal` | help, version, closed streams, names that are no text |
//! | `progress` | the bar, the lines, colours: on a terminal and elsewhere |
//! | `finding` | completions, manual pages, names that are nearly right |
//! | `field_settings`, `field_outputs` | settings and outputs as people give them |
//! | `real_data` | the article's figures, where `$GINGHAM_DATA` names Fashion-MNIST |

#![cfg(all(feature = "cli", unix))]

mod explore;
mod field_outputs;
mod field_settings;
mod finding;
mod formats;
mod pipeline;
mod progress;
mod real_data;
mod refusals;
mod report;
mod terminal;
mod util;
