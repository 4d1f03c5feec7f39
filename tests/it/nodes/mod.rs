//! Several nodes over one store.

mod away;
mod live;
mod network;
mod simulation;
