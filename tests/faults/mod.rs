//! Faults, each in a file of its own: what is promised holds through them.

mod kit;

mod catch_up;
mod clocks;
mod crash;
mod drain;
mod lost_reply;
mod mailboxes;
mod one_order;
mod revocation;
mod store_faults;
