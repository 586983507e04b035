//! Every store against every promise.

use std::sync::Arc;

use persistence::{MemoryStore, SqliteStore, Store};

use crate::contract;

/// A test for each promise, for each store. A new store is one more `async fn` here and one more line in the macro.
macro_rules! tests {
    ($($promise:ident)*) => {
        mod memory {
            $(#[tokio::test]
            async fn $promise() {
                super::contract::$promise(super::memory().await).await;
            })*
        }
        mod sqlite {
            $(#[tokio::test]
            async fn $promise() {
                let (store, _directory) = super::sqlite().await;
                super::contract::$promise(store).await;
            })*
        }
    };
}

contract::for_every_promise!(tests);

async fn memory() -> Arc<dyn Store> {
    Arc::new(MemoryStore::default())
}

async fn sqlite() -> (Arc<dyn Store>, tempfile::TempDir) {
    let directory = tempfile::tempdir().unwrap();
    (Arc::new(SqliteStore::open(directory.path()).await.unwrap()), directory)
}
