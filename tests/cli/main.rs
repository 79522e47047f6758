//! The program as its users meet it: run as a process, judged by exit code, streams and files alone.
//!
//! | module | what it holds |
//! |---|---|
//! | `explore` | figures, duplicates, images as text, pictures and the map |
//! | `refusals` | bad input: exit code, one message, nothing written |
//! | `pipeline` | synth, train, evaluate, predict, and that they agree |
//! | `terminal` | help, version, closed streams, names that are no text |
//! | `real_data` | the article's figures, where `$GINGHAM_DATA` names Fashion-MNIST |

#![cfg(all(feature = "cli", unix))]

mod explore;
mod pipeline;
mod real_data;
mod refusals;
mod terminal;
mod util;
