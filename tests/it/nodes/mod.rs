//! Several nodes over one store.

mod live;
mod network;
mod simulation;
