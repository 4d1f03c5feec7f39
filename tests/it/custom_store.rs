//! The suite of the `Store` contract on the store of the example, which others copy.

#[allow(dead_code, reason = "its main runs as the example")]
#[path = "../../examples/custom_store/main.rs"]
mod example;

use example::PlainStore;

chat_core::store_suite!(plain, || async { PlainStore::new() });
