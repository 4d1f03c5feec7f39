//! Several nodes over one store.

mod network;
mod simulation;
