//! Every store against every promise.

use std::sync::Arc;

use persistence::{MemoryStore, PostgresStore, SqliteStore, Store};

use crate::{contract, server};

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
        mod postgres {
            $(#[tokio::test]
            async fn $promise() {
                super::contract::$promise(super::postgres().await).await;
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

async fn postgres() -> Arc<dyn Store> {
    Arc::new(PostgresStore::open(&server::database().await).await.unwrap())
}
