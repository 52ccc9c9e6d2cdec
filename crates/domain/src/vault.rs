//! Field encryption. Every secret or personal field is sealed with AES-256-GCM under a key derived, per tenant, from the
//! master key. The sealed form is
//!
//! `format (1) | key version (4) | nonce (12) | ciphertext and tag`
//!
//! and the associated data names owner, table, column, row and version: a value copied to another row, column or tenant
//! does not open. Equality search goes through a blind index whose root key is random, made once per installation and
//! itself sealed, so that a change of the master key leaves the indexes as they are.

use std::{
    collections::{BTreeMap, HashMap},
    fmt,
    sync::{Arc, PoisonError, RwLock, RwLockReadGuard},
};

use aws_lc_rs::{
    aead::{AES_256_GCM, Aad, Nonce, RandomizedNonceKey},
    hkdf, hmac,
};
use base64::{Engine, engine::general_purpose::STANDARD};
use secrecy::SecretString;
use uuid::Uuid;
use zeroize::Zeroizing;

use crate::ids::TenantId;

const FORMAT: u8 = 1;
const HEADER: usize = 1 + 4 + 12;
const TAG: usize = 16;

/// A sealed column; the name of the table and column are part of what is authenticated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Column {
    pub table: &'static str,
    pub name: &'static str,
}

impl Column {
    pub const fn new(table: &'static str, name: &'static str) -> Self {
        Self { table, name }
    }
}

/// Whose key seals a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Owner {
    Installation,
    Tenant(TenantId),
}

impl Owner {
    fn bytes(self) -> [u8; 16] {
        match self {
            Self::Installation => [0; 16],
            Self::Tenant(tenant) => *tenant.0.as_bytes(),
        }
    }
}

#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum VaultError {
    #[error(
        "the master key must be 32 bytes in base64 or hex, optionally with a version in front (`1:…`, several parted by commas)"
    )]
    BadMasterKey,
    #[error("a sealed value was written with master key version {0}, which is not configured")]
    UnknownVersion(u32),
    #[error("a sealed value does not open: it was altered, cut, or belongs to another place")]
    Refused,
    #[error("encryption failed")]
    Seal,
}

/// All configured versions of the master key; the highest seals, all of them open.
pub struct MasterKeys(BTreeMap<u32, Zeroizing<[u8; 32]>>);

impl MasterKeys {
    /// `2:base64,1:base64` (commas or line ends); one bare key is version 1.
    pub fn parse(text: &str) -> Result<Self, VaultError> {
        let mut keys = BTreeMap::new();
        for entry in text.split([',', '\n']).map(str::trim).filter(|entry| !entry.is_empty()) {
            let (version, encoded) = match entry.split_once(':') {
                Some((version, encoded)) => (version.parse().map_err(|_| VaultError::BadMasterKey)?, encoded),
                None => (1, entry),
            };
            let bytes = Zeroizing::new(
                hex::decode(encoded)
                    .ok()
                    .filter(|bytes| bytes.len() == 32)
                    .or_else(|| STANDARD.decode(encoded).ok())
                    .ok_or(VaultError::BadMasterKey)?,
            );
            let key: [u8; 32] = bytes.as_slice().try_into().map_err(|_| VaultError::BadMasterKey)?;
            if version == 0 || keys.insert(version, Zeroizing::new(key)).is_some() {
                return Err(VaultError::BadMasterKey);
            }
        }
        if keys.is_empty() { Err(VaultError::BadMasterKey) } else { Ok(Self(keys)) }
    }

    /// A new random key of the given version, in the form that `parse` reads.
    pub fn generate(version: u32) -> SecretString {
        let bytes = Zeroizing::new(rand::random::<[u8; 32]>());
        format!("{version}:{}", STANDARD.encode(*bytes)).into()
    }

    pub fn newest(&self) -> u32 {
        self.0.keys().next_back().copied().unwrap_or_default()
    }

    pub fn versions(&self) -> impl Iterator<Item = u32> {
        self.0.keys().copied()
    }

    /// A password that every process with these keys finds alike, so that it need not be handed around. Made from the
    /// oldest version, which stays the same through the first half of a rotation.
    pub fn derive_password(&self, purpose: &str) -> SecretString {
        let oldest = self.0.values().next().map_or([0; 32], |key| **key);
        let password = derive(&Zeroizing::new(oldest), purpose.as_bytes(), &Owner::Installation.bytes());
        hex::encode(*password).into()
    }
}

impl fmt::Debug for MasterKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "MasterKeys(versions {:?})", self.0.keys().collect::<Vec<_>>())
    }
}

/// A value as it stands in the database.
#[derive(Clone, PartialEq, Eq, sqlx::Type)]
#[sqlx(transparent)]
pub struct Sealed(pub Vec<u8>);

impl Sealed {
    /// Version of the master key that sealed this value.
    pub fn version(&self) -> Option<u32> {
        let bytes: [u8; 4] = self.0.get(1..5)?.try_into().ok()?;
        Some(u32::from_be_bytes(bytes))
    }
}

impl fmt::Debug for Sealed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Sealed({} bytes)", self.0.len())
    }
}

/// Where master keys are read, and read again when a value names a version that is not known yet: another process may
/// have begun a rotation.
pub type KeySource = Arc<dyn Fn() -> Result<MasterKeys, VaultError> + Send + Sync>;

/// Seals and opens; shared by all transactions.
pub struct Vault {
    masters: RwLock<MasterKeys>,
    source: Option<KeySource>,
    blind_root: Zeroizing<[u8; 32]>,
    derived: RwLock<HashMap<(Owner, u32), Arc<RandomizedNonceKey>>>,
}

impl fmt::Debug for Vault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Vault({:?})", self.masters())
    }
}

/// Bounds the cache of derived keys; past it the cache starts afresh (deriving costs microseconds).
const DERIVED_KEYS: usize = 10_000;

impl Vault {
    pub fn new(masters: MasterKeys, blind_root: [u8; 32]) -> Self {
        let (masters, blind_root) = (RwLock::new(masters), Zeroizing::new(blind_root));
        Self { masters, source: None, blind_root, derived: RwLock::default() }
    }

    /// The same with keys that may grow while the process runs.
    pub fn renewable(source: KeySource, blind_root: [u8; 32]) -> Result<Self, VaultError> {
        let masters = source()?;
        Ok(Self { source: Some(source), ..Self::new(masters, blind_root) })
    }

    /// Reads the master keys again; answers with the newest version.
    pub fn renew(&self) -> Result<u32, VaultError> {
        if let Some(source) = &self.source {
            let fresh = source()?;
            *self.masters.write().unwrap_or_else(PoisonError::into_inner) = fresh;
        }
        Ok(self.newest_version())
    }

    pub fn newest_version(&self) -> u32 {
        self.masters().newest()
    }

    fn masters(&self) -> RwLockReadGuard<'_, MasterKeys> {
        self.masters.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// The key of a version, looked for at its source once more when it is new to this process.
    fn master(&self, version: u32) -> Result<Zeroizing<[u8; 32]>, VaultError> {
        if let Some(key) = self.masters().0.get(&version) {
            return Ok(key.clone());
        }
        self.renew()?;
        self.masters().0.get(&version).cloned().ok_or(VaultError::UnknownVersion(version))
    }

    pub fn seal(&self, owner: Owner, column: Column, row: Uuid, plain: &[u8]) -> Result<Sealed, VaultError> {
        let version = self.newest_version();
        let key = self.key(owner, version)?;
        let mut body = plain.to_vec();
        let aad = Aad::from(associated_data(owner, column, row, version));
        let nonce = key.seal_in_place_append_tag(aad, &mut body).map_err(|_| VaultError::Seal)?;
        let mut sealed = Vec::with_capacity(HEADER + body.len());
        sealed.push(FORMAT);
        sealed.extend_from_slice(&version.to_be_bytes());
        sealed.extend_from_slice(nonce.as_ref());
        sealed.extend_from_slice(&body);
        Ok(Sealed(sealed))
    }

    pub fn open(
        &self,
        owner: Owner,
        column: Column,
        row: Uuid,
        sealed: &Sealed,
    ) -> Result<Zeroizing<Vec<u8>>, VaultError> {
        let bytes = &sealed.0;
        if bytes.len() < HEADER + TAG || bytes[0] != FORMAT {
            return Err(VaultError::Refused);
        }
        let version = sealed.version().ok_or(VaultError::Refused)?;
        let key = self.key(owner, version)?;
        let nonce = Nonce::try_assume_unique_for_key(&bytes[5..HEADER]).map_err(|_| VaultError::Refused)?;
        let mut body = Zeroizing::new(bytes[HEADER..].to_vec());
        let aad = Aad::from(associated_data(owner, column, row, version));
        let length = key.open_in_place(nonce, aad, &mut body).map_err(|_| VaultError::Refused)?.len();
        body.truncate(length);
        Ok(body)
    }

    pub fn open_text(&self, owner: Owner, column: Column, row: Uuid, sealed: &Sealed) -> Result<String, VaultError> {
        let bytes = self.open(owner, column, row, sealed)?;
        String::from_utf8(bytes.to_vec()).map_err(|_| VaultError::Refused)
    }

    /// Equal inputs of one owner and column give equal indexes; nothing else can be read from them.
    pub fn blind_index(&self, owner: Owner, column: Column, normalized: &str) -> Vec<u8> {
        let key = derive(&self.blind_root, b"blind index", &owner.bytes());
        let mut context = hmac::Context::with_key(&hmac::Key::new(hmac::HMAC_SHA256, &*key));
        for part in [column.table, column.name, normalized] {
            context.update(part.as_bytes());
            context.update(&[0]);
        }
        context.sign().as_ref().to_vec()
    }

    /// A keyed tag over parts that are written with their lengths; for tokens that are checked without a stored secret.
    pub fn tag(&self, owner: Owner, purpose: &str, parts: &[&[u8]]) -> [u8; 32] {
        let key = derive(&self.blind_root, purpose.as_bytes(), &owner.bytes());
        let mut context = hmac::Context::with_key(&hmac::Key::new(hmac::HMAC_SHA256, &*key));
        for part in parts {
            context.update(&(part.len() as u64).to_be_bytes());
            context.update(part);
        }
        let mut tag = [0; 32];
        tag.copy_from_slice(context.sign().as_ref());
        tag
    }

    fn key(&self, owner: Owner, version: u32) -> Result<Arc<RandomizedNonceKey>, VaultError> {
        let known = self.derived.read().unwrap_or_else(PoisonError::into_inner).get(&(owner, version)).cloned();
        if let Some(key) = known {
            return Ok(key);
        }
        let master = self.master(version)?;
        let bytes = derive(&master, b"field", &owner.bytes());
        let key = RandomizedNonceKey::new(&AES_256_GCM, &*bytes).map_err(|_| VaultError::Seal)?;
        let key = Arc::new(key);
        let mut derived = self.derived.write().unwrap_or_else(PoisonError::into_inner);
        if derived.len() >= DERIVED_KEYS {
            derived.clear();
        }
        derived.insert((owner, version), key.clone());
        Ok(key)
    }
}

/// Seals and opens before a vault exists: the blind root is sealed with the master keys alone.
pub fn bootstrap(masters: MasterKeys) -> Vault {
    Vault::new(masters, [0; 32])
}

fn derive(root: &[u8; 32], purpose: &[u8], owner: &[u8; 16]) -> Zeroizing<[u8; 32]> {
    let mut out = Zeroizing::new([0; 32]);
    let extracted = hkdf::Salt::new(hkdf::HKDF_SHA256, b"socialai hub").extract(root);
    let info: [&[u8]; 2] = [purpose, owner];
    // 32 bytes of output are far below HKDF's limit, the only way these two calls can fail.
    if let Ok(material) = extracted.expand(&info, hkdf::HKDF_SHA256) {
        let filled = material.fill(&mut *out);
        debug_assert!(filled.is_ok());
    }
    out
}

fn associated_data(owner: Owner, column: Column, row: Uuid, version: u32) -> Vec<u8> {
    let mut data = Vec::with_capacity(64 + column.table.len() + column.name.len());
    data.extend_from_slice(&owner.bytes());
    data.extend_from_slice(row.as_bytes());
    data.extend_from_slice(&version.to_be_bytes());
    data.extend_from_slice(column.table.as_bytes());
    data.push(0);
    data.extend_from_slice(column.name.as_bytes());
    data
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const EMAIL: Column = Column::new("users", "email_sealed");
    const NAME: Column = Column::new("users", "name_sealed");

    fn vault(keys: &str) -> Vault {
        Vault::new(MasterKeys::parse(keys).unwrap(), [7; 32])
    }

    fn one_and_two() -> (String, String) {
        (
            format!("1:{}", STANDARD.encode([1; 32])),
            format!("2:{},1:{}", STANDARD.encode([2; 32]), STANDARD.encode([1; 32])),
        )
    }

    #[test]
    fn sealed_value_opens_only_in_its_own_place() {
        let vault = vault(&one_and_two().0);
        let (mine, theirs) = (Owner::Tenant(TenantId::fresh()), Owner::Tenant(TenantId::fresh()));
        let (row, other_row) = (Uuid::now_v7(), Uuid::now_v7());
        let sealed = vault.seal(mine, EMAIL, row, b"ann@acme.test").unwrap();
        assert_eq!(vault.open_text(mine, EMAIL, row, &sealed).unwrap(), "ann@acme.test");
        assert_eq!(vault.open(mine, EMAIL, other_row, &sealed), Err(VaultError::Refused));
        assert_eq!(vault.open(mine, NAME, row, &sealed), Err(VaultError::Refused));
        assert_eq!(vault.open(theirs, EMAIL, row, &sealed), Err(VaultError::Refused));
        assert_eq!(vault.open(Owner::Installation, EMAIL, row, &sealed), Err(VaultError::Refused));
    }

    #[test]
    fn every_cut_of_a_sealed_value_is_refused() {
        let vault = vault(&one_and_two().0);
        let (owner, row) = (Owner::Installation, Uuid::now_v7());
        let sealed = vault.seal(owner, EMAIL, row, b"secret").unwrap();
        for length in 0..sealed.0.len() {
            assert!(vault.open(owner, EMAIL, row, &Sealed(sealed.0[..length].to_vec())).is_err(), "cut to {length}");
        }
    }

    #[test]
    fn every_flipped_bit_is_refused() {
        let vault = vault(&one_and_two().1);
        let (owner, row) = (Owner::Installation, Uuid::now_v7());
        let sealed = vault.seal(owner, EMAIL, row, b"secret").unwrap();
        for position in 0..sealed.0.len() * 8 {
            let mut bytes = sealed.0.clone();
            bytes[position / 8] ^= 1 << (position % 8);
            assert!(vault.open(owner, EMAIL, row, &Sealed(bytes)).is_err(), "bit {position}");
        }
    }

    #[test]
    fn older_version_opens_and_newer_version_seals() {
        let (old, new) = one_and_two();
        let (owner, row) = (Owner::Installation, Uuid::now_v7());
        let sealed = vault(&old).seal(owner, EMAIL, row, b"x").unwrap();
        let after = vault(&new);
        assert_eq!(after.open_text(owner, EMAIL, row, &sealed).unwrap(), "x");
        let resealed = after.seal(owner, EMAIL, row, b"x").unwrap();
        assert_eq!(resealed.version(), Some(2));
        assert_eq!(vault(&old).open(owner, EMAIL, row, &resealed), Err(VaultError::UnknownVersion(2)));
    }

    #[test]
    fn version_that_another_process_added_is_found_at_the_source() {
        let (old, new) = one_and_two();
        let text = Arc::new(RwLock::new(old));
        let source = text.clone();
        let read: KeySource = Arc::new(move || MasterKeys::parse(&source.read().unwrap()));
        let here = Vault::renewable(read, [7; 32]).unwrap();
        let (owner, row) = (Owner::Installation, Uuid::now_v7());
        let sealed = vault(&new).seal(owner, EMAIL, row, b"x").unwrap();
        assert_eq!(here.open(owner, EMAIL, row, &sealed), Err(VaultError::UnknownVersion(2)));
        *text.write().unwrap() = new;
        assert_eq!(here.open_text(owner, EMAIL, row, &sealed).unwrap(), "x");
        assert_eq!(here.seal(owner, EMAIL, row, b"y").unwrap().version(), Some(2));
    }

    #[test]
    fn derived_password_stays_while_the_oldest_version_does() {
        use secrecy::ExposeSecret;
        let (old, new) = one_and_two();
        let password = |keys: &str| MasterKeys::parse(keys).unwrap().derive_password("x").expose_secret().to_owned();
        assert_eq!(password(&old), password(&new));
        let other = MasterKeys::parse(&old).unwrap().derive_password("y").expose_secret().to_owned();
        assert_ne!(password(&old), other);
    }

    #[test]
    fn blind_index_survives_a_new_master_key_and_parts_tenants() {
        let (old, new) = one_and_two();
        let (mine, theirs) = (Owner::Tenant(TenantId::fresh()), Owner::Tenant(TenantId::fresh()));
        let index = vault(&old).blind_index(mine, EMAIL, "ann@acme.test");
        assert_eq!(index, vault(&new).blind_index(mine, EMAIL, "ann@acme.test"));
        assert_ne!(index, vault(&old).blind_index(theirs, EMAIL, "ann@acme.test"));
        assert_ne!(index, vault(&old).blind_index(mine, NAME, "ann@acme.test"));
    }

    #[test]
    fn malformed_master_keys_are_refused_and_never_printed() {
        for bad in ["", "1:", "1:c2hvcnQ=", "x:AAAA", "0:AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE="] {
            assert_eq!(MasterKeys::parse(bad).err(), Some(VaultError::BadMasterKey), "{bad}");
        }
        let (old, _) = one_and_two();
        assert_eq!(format!("{:?}", vault(&old)), "Vault(MasterKeys(versions [1]))");
        let hex_key = "01".repeat(32);
        assert_eq!(MasterKeys::parse(&hex_key).unwrap().newest(), 1);
    }

    proptest! {
        #[test]
        fn arbitrary_bytes_never_open(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let vault = vault(&one_and_two().1);
            prop_assert!(vault.open(Owner::Installation, EMAIL, Uuid::nil(), &Sealed(bytes)).is_err());
        }

        #[test]
        fn any_text_round_trips(text in "\\PC{0,200}") {
            let vault = vault(&one_and_two().1);
            let row = Uuid::now_v7();
            let sealed = vault.seal(Owner::Installation, EMAIL, row, text.as_bytes()).unwrap();
            prop_assert_eq!(vault.open_text(Owner::Installation, EMAIL, row, &sealed).unwrap(), text);
        }
    }
}
