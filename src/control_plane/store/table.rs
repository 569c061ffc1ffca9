//! One kind of resource, by id. Each row sits in a watch channel, so that readers can wait for its next change without polling.

use std::sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use indexmap::IndexMap;
use tokio::sync::watch;

use super::{StoreError, id, resource::Resource};

const PAGE_SIZE_DEFAULT: usize = 50;
const PAGE_SIZE_MAX: usize = 1_000;

/// Which part of a list: pages count from 1.
#[derive(Clone, Copy, Debug)]
pub struct Page {
    size: usize,
    number: usize,
}

impl Page {
    /// From a request: a `page_size` under 1 is the default, an empty `page_token` the first page, any other the page's number.
    ///
    /// # Errors
    /// A token that is no number.
    pub fn of(page_size: i32, page_token: &str) -> Result<Self, StoreError> {
        let size = usize::try_from(page_size).ok().filter(|size| *size > 0).unwrap_or(PAGE_SIZE_DEFAULT).min(PAGE_SIZE_MAX);
        let number = match page_token {
            "" => 1,
            token => token.parse::<usize>().map_err(|_| StoreError::Invalid(format!("page_token `{token}` is not a page number")))?.max(1),
        };
        Ok(Self { size, number })
    }
}

/// One page and how many there are.
#[derive(Clone, Debug)]
pub struct Listing<R> {
    pub entries: Vec<R>,
    pub total_pages: i32,
}

/// All resources of one kind, in the order of their creation.
#[derive(Debug)]
pub struct Table<R> {
    rows: RwLock<IndexMap<String, watch::Sender<R>>>,
}

impl<R> Default for Table<R> {
    fn default() -> Self {
        Self { rows: RwLock::default() }
    }
}

impl<R: Resource> Table<R> {
    /// Stores a new resource under a new id, with a slug made from its name where it has none. Gives it back as stored.
    ///
    /// # Errors
    /// The slug is taken in its organization, where slugs are unique.
    pub fn insert(&self, mut resource: R) -> Result<R, StoreError> {
        let metadata = resource.metadata_mut();
        metadata.id = id::new(R::PREFIX);
        if metadata.name.is_empty() {
            metadata.name = if metadata.slug.is_empty() { metadata.id.clone() } else { metadata.slug.clone() };
        }
        if metadata.slug.is_empty() {
            metadata.slug = id::slug(&metadata.name);
        }
        resource.stamp();
        let mut rows = self.write();
        let taken = |row: &watch::Sender<R>| row.borrow().slug() == resource.slug() && row.borrow().org() == resource.org();
        if R::UNIQUE && rows.values().any(taken) {
            return Err(StoreError::AlreadyExists { kind: R::KIND, slug: resource.slug().to_owned() });
        }
        rows.insert(resource.id().to_owned(), watch::Sender::new(resource.clone()));
        Ok(resource)
    }

    /// # Errors
    /// There is none of this id.
    pub fn get(&self, id: &str) -> Result<R, StoreError> {
        self.read().get(id).map(|row| row.borrow().clone()).ok_or_else(|| Self::missing(id))
    }

    /// By slug. An empty organization on either side stands for all: resources of the platform belong to none.
    ///
    /// # Errors
    /// There is none.
    pub fn by_reference(&self, slug: &str, org: &str) -> Result<R, StoreError> {
        let fits = |row: &R| row.slug() == slug && (org.is_empty() || row.org().is_empty() || row.org() == org);
        self.find(fits).ok_or_else(|| Self::missing(slug))
    }

    /// The first row that fits.
    pub fn find(&self, fits: impl Fn(&R) -> bool) -> Option<R> {
        self.read().values().find(|row| fits(&row.borrow())).map(|row| row.borrow().clone())
    }

    /// Changes a row in place and wakes whoever watches it. Gives the changed row.
    ///
    /// # Errors
    /// There is none of this id.
    pub fn modify(&self, id: &str, change: impl FnOnce(&mut R)) -> Result<R, StoreError> {
        let rows = self.read();
        let row = rows.get(id).ok_or_else(|| Self::missing(id))?;
        row.send_modify(change);
        Ok(row.borrow().clone())
    }

    /// # Errors
    /// There is none of this id.
    pub fn remove(&self, id: &str) -> Result<R, StoreError> {
        self.write().shift_remove(id).map(|row| row.borrow().clone()).ok_or_else(|| Self::missing(id))
    }

    /// Follows a row. A reader that is slow sees the latest state, not each one; the channel closes when the row is removed.
    ///
    /// # Errors
    /// There is none of this id.
    pub fn subscribe(&self, id: &str) -> Result<watch::Receiver<R>, StoreError> {
        self.read().get(id).map(watch::Sender::subscribe).ok_or_else(|| Self::missing(id))
    }

    /// The rows that fit, one page of them.
    pub fn list(&self, page: Page, fits: impl Fn(&R) -> bool) -> Listing<R> {
        let rows = self.read();
        let fitting: Vec<_> = rows.values().filter(|row| fits(&row.borrow())).collect();
        let entries = fitting.iter().skip((page.number - 1).saturating_mul(page.size)).take(page.size).map(|row| row.borrow().clone());
        Listing { entries: entries.collect(), total_pages: i32::try_from(fitting.len().div_ceil(page.size)).unwrap_or(i32::MAX) }
    }

    fn missing(key: &str) -> StoreError {
        StoreError::NotFound { kind: R::KIND, key: key.to_owned() }
    }

    // A panic while the lock was held leaves whole rows: each change is one insert, removal or send.
    fn read(&self) -> RwLockReadGuard<'_, IndexMap<String, watch::Sender<R>>> {
        self.rows.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, IndexMap<String, watch::Sender<R>>> {
        self.rows.write().unwrap_or_else(PoisonError::into_inner)
    }
}
