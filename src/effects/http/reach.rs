//! Which addresses may be called (`http.reach`).
//!
//! A name is resolved by [`Guard`], and only what it lets through is connected to: the address that is checked is the one that is called, also
//! when the name gives another one the next time. An address written into the URL never comes to a resolver and is checked before the request.
//!
//! Behind a proxy (`HTTP_PROXY` and its like) the proxy connects, and it is the proxy's name that is resolved. Then the target is resolved and
//! checked here before the proxy gets the request; a name that only the proxy can resolve cannot be checked, and is refused unless the reach
//! is `any`. The proxy itself is the operator's choice and may stand anywhere.

use std::collections::BTreeSet;
use std::error::Error;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::Arc;

use reqwest::Url;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use url::Host;

use super::super::EffectError;
use crate::config::Reach;

/// Addresses of a document's calls under one reach.
#[derive(Clone, Debug)]
pub(super) struct Guard {
    reach: Reach,
    /// Names of proxies. Not empty: some calls go through one.
    proxies: Arc<BTreeSet<String>>,
}

/// An address that may not be called.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{address} is {kind} address, which http.reach `{}` leaves out", reach.name())]
struct Refused {
    address: IpAddr,
    kind: &'static str,
    reach: Reach,
}

impl Guard {
    /// `proxies`: what the environment says of proxies, as URLs or `host:port`.
    pub fn new(reach: Reach, proxies: impl IntoIterator<Item = String>) -> Self {
        let names = proxies.into_iter().filter_map(|text| {
            let url = Url::parse(&text).ok().filter(Url::has_host).or_else(|| Url::parse(&format!("http://{text}")).ok())?;
            url.host_str().map(str::to_ascii_lowercase)
        });
        Self { reach, proxies: Arc::new(names.collect()) }
    }

    /// Everything that can be told before the request is made.
    ///
    /// Errors: `authorization` 403 naming host, address and setting; `communication` when the target of a proxied call cannot be resolved.
    pub async fn check(&self, url: &Url) -> Result<(), EffectError> {
        let addresses = match url.host() {
            _ if self.reach == Reach::Any => return Ok(()),
            Some(Host::Ipv4(address)) => vec![address.into()],
            Some(Host::Ipv6(address)) => vec![address.into()],
            Some(Host::Domain(name)) if !self.proxies.is_empty() => look_up(name).await.map_err(|error| unresolved(name, &error))?,
            _ => return Ok(()),
        };
        // The proxy may choose any of them.
        match addresses.into_iter().find_map(|address| self.refuse(address)) {
            Some(refused) => Err(denied(url.host_str().unwrap_or_default(), &refused)),
            None => Ok(()),
        }
    }

    fn refuse(&self, address: IpAddr) -> Option<Refused> {
        let kind = left_out(address, self.reach)?;
        Some(Refused { address, kind, reach: self.reach })
    }

    async fn addresses(self, name: String) -> Result<Addrs, Box<dyn Error + Send + Sync>> {
        let found = look_up(&name).await?;
        let exempt = self.proxies.contains(&name);
        let (refused, allowed): (Vec<_>, Vec<_>) = found.into_iter().partition(|address| !exempt && self.refuse(*address).is_some());
        match refused.into_iter().find_map(|address| self.refuse(address)) {
            Some(refused) if allowed.is_empty() => Err(refused.into()),
            _ => Ok(Box::new(allowed.into_iter().map(|address| (address, 0).into()))),
        }
    }
}

impl Resolve for Guard {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(self.clone().addresses(name.as_str().to_ascii_lowercase()))
    }
}

/// The error of a call whose name was resolved to nothing but addresses that may not be called.
pub(super) fn denial(host: &str, error: &reqwest::Error) -> Option<EffectError> {
    let mut cause: Option<&(dyn Error + 'static)> = Some(error);
    while let Some(found) = cause {
        if let Some(refused) = found.downcast_ref::<Refused>() {
            return Some(denied(host, refused));
        }
        cause = found.source();
    }
    None
}

fn denied(host: &str, refused: &Refused) -> EffectError {
    EffectError::authorization(format!("`{host}` may not be called"))
        .with_detail(format!("{refused}; where it should be called, set http.reach there"))
}

fn unresolved(host: &str, error: &std::io::Error) -> EffectError {
    EffectError::communication(500, format!("`{host}` cannot be resolved"))
        .with_detail(format!("{error}; where only the proxy knows names, http.reach must be `any`"))
}

async fn look_up(name: &str) -> Result<Vec<IpAddr>, std::io::Error> {
    Ok(tokio::net::lookup_host((name, 0)).await?.map(|address| address.ip()).collect())
}

/// What kind of address it is, with its article, where the reach leaves it out.
fn left_out(address: IpAddr, reach: Reach) -> Option<&'static str> {
    match (reach, address) {
        (Reach::Any, _) => None,
        (_, IpAddr::V4(address)) => left_out_v4(address, reach),
        (_, IpAddr::V6(address)) => left_out_v6(address, reach),
    }
}

fn left_out_v4(address: Ipv4Addr, reach: Reach) -> Option<&'static str> {
    let find = |table: &[(Ipv4Addr, u32, &'static str)]| {
        let within = |net: Ipv4Addr, bits: u32| (address.to_bits() ^ net.to_bits()) >> (32 - bits) == 0;
        table.iter().find(|(net, bits, _)| within(*net, *bits)).map(|(_, _, kind)| *kind)
    };
    find(NEAR_V4).or_else(|| (reach == Reach::Public).then(|| find(INNER_V4)).flatten())
}

fn left_out_v6(address: Ipv6Addr, reach: Reach) -> Option<&'static str> {
    let find = |table: &[(Ipv6Addr, u32, &'static str)]| {
        let within = |net: Ipv6Addr, bits: u32| (address.to_bits() ^ net.to_bits()) >> (128 - bits) == 0;
        table.iter().find(|(net, bits, _)| within(*net, *bits)).map(|(_, _, kind)| *kind)
    };
    let near = find(NEAR_V6).or_else(|| inside(address).into_iter().find_map(|v4| left_out_v4(v4, reach)));
    if near.is_some() || reach != Reach::Public || !inside(address).is_empty() {
        return near;
    }
    let global = address.segments()[0] & 0xe000 == 0x2000;
    find(INNER_V6).or((!global).then_some("a reserved"))
}

/// The IPv4 addresses that an IPv6 one leads to: mapped, compatible, NAT64 (RFC 6052, RFC 8215), 6to4, Teredo.
fn inside(address: Ipv6Addr) -> Vec<Ipv4Addr> {
    let bits = address.to_bits();
    let low = |shift: u32| Ipv4Addr::from_bits(u32::try_from(bits >> shift & 0xffff_ffff).unwrap_or_default());
    match address.segments() {
        [0, 0, 0, 0, 0, 0 | 0xffff, ..] | [0x64, 0xff9b, 0, 0, 0, 0, ..] | [0, 0, 0, 0, 0xffff, 0, ..] => vec![low(0)],
        // With a prefix of 96 bits or of 48, where eight bits of zero stand in the middle.
        [0x64, 0xff9b, 1, high, middle, lower, ..] => {
            let split = u32::from(high) << 16 | u32::from(middle & 0xff) << 8 | u32::from(lower >> 8);
            vec![low(0), Ipv4Addr::from_bits(split)]
        }
        [0x2002, ..] => vec![low(80)],
        [0x2001, 0, ..] => vec![low(64), Ipv4Addr::from_bits(!low(0).to_bits())],
        _ => Vec::new(),
    }
}

const fn v4(a: u8, b: u8, c: u8, d: u8) -> Ipv4Addr {
    Ipv4Addr::new(a, b, c, d)
}

const fn v6(a: u16, b: u16, c: u16, last: u16) -> Ipv6Addr {
    Ipv6Addr::new(a, b, c, 0, 0, 0, 0, last)
}

const METADATA: &str = "a cloud metadata";

/// This machine, and what only it may talk to.
const NEAR_V4: &[(Ipv4Addr, u32, &str)] = &[
    (v4(0, 0, 0, 0), 8, "an unspecified"),
    (v4(127, 0, 0, 0), 8, "a loopback"),
    (v4(169, 254, 169, 254), 32, METADATA),
    (v4(169, 254, 0, 0), 16, "a link-local"),
    (v4(168, 63, 129, 16), 32, METADATA),
    (v4(100, 100, 100, 200), 32, METADATA),
    (v4(192, 0, 0, 192), 32, METADATA),
    (v4(224, 0, 0, 0), 4, "a multicast"),
    (v4(255, 255, 255, 255), 32, "the broadcast"),
];

/// What is no address of the internet (IANA's registry of special-purpose addresses).
const INNER_V4: &[(Ipv4Addr, u32, &str)] = &[
    (v4(10, 0, 0, 0), 8, "a private"),
    (v4(172, 16, 0, 0), 12, "a private"),
    (v4(192, 168, 0, 0), 16, "a private"),
    (v4(100, 64, 0, 0), 10, "a shared"),
    (v4(192, 0, 2, 0), 24, "a documentation"),
    (v4(198, 51, 100, 0), 24, "a documentation"),
    (v4(203, 0, 113, 0), 24, "a documentation"),
    (v4(198, 18, 0, 0), 15, "a benchmark"),
    (v4(192, 0, 0, 0), 24, "a reserved"),
    (v4(192, 88, 99, 0), 24, "a reserved"),
    (v4(240, 0, 0, 0), 4, "a reserved"),
];

const NEAR_V6: &[(Ipv6Addr, u32, &str)] = &[
    (v6(0, 0, 0, 0), 128, "an unspecified"),
    (v6(0, 0, 0, 1), 128, "a loopback"),
    (v6(0xfd00, 0xec2, 0, 0x254), 128, METADATA),
    (v6(0xfd20, 0xce, 0, 0x254), 128, METADATA),
    (v6(0xfe80, 0, 0, 0), 10, "a link-local"),
    (v6(0xff00, 0, 0, 0), 8, "a multicast"),
];

/// Beside these, everything outside of `2000::/3` is reserved.
const INNER_V6: &[(Ipv6Addr, u32, &str)] = &[
    (v6(0xfc00, 0, 0, 0), 7, "a private"),
    (v6(0xfec0, 0, 0, 0), 10, "a private"),
    (v6(0x2001, 0xdb8, 0, 0), 32, "a documentation"),
    (v6(0x3fff, 0, 0, 0), 20, "a documentation"),
    (v6(0x2001, 2, 0, 0), 48, "a benchmark"),
    (v6(0x2001, 0, 0, 0), 23, "a reserved"),
];

#[cfg(test)]
mod tests {
    use super::*;

    fn kind(address: &str, reach: Reach) -> Option<&'static str> {
        left_out(address.parse().unwrap(), reach)
    }

    #[test]
    fn a_cluster_is_other_machines() {
        let near = [
            "127.0.0.1",
            "127.8.9.10",
            "0.0.0.0",
            "0.1.2.3",
            "169.254.169.254",
            "169.254.1.1",
            "168.63.129.16",
            "100.100.100.200",
            "224.0.0.1",
            "239.255.255.250",
            "255.255.255.255",
            "::1",
            "::",
            "fe80::1",
            "febf::1",
            "ff02::1",
            "fd00:ec2::254",
            "fd20:ce::254",
            // The same in other clothes.
            "::ffff:127.0.0.1",
            "::127.0.0.1",
            "::ffff:169.254.169.254",
            "::ffff:0:127.0.0.1",
            "64:ff9b::169.254.169.254",
            "64:ff9b::7f00:1",
            "64:ff9b:1::127.0.0.1",
            "64:ff9b:1:7f00:0:100::",
            "2002:7f00:1::",
            "2002:a9fe:a9fe::1",
            "2001:0:7f00:1::",
            "2001:0:808:808::80ff:fffe",
        ];
        for address in near {
            assert!(kind(address, Reach::Cluster).is_some() && kind(address, Reach::Public).is_some(), "{address}");
            assert_eq!(kind(address, Reach::Any), None, "{address}");
        }
        assert_eq!(
            (kind("169.254.169.254", Reach::Cluster), kind("169.254.169.253", Reach::Cluster)),
            (Some(METADATA), Some("a link-local"))
        );
    }

    #[test]
    fn the_public_is_the_internet_alone() {
        let inner = [
            "10.0.0.1",
            "172.16.0.1",
            "172.31.255.255",
            "192.168.1.1",
            "100.64.0.1",
            "100.127.255.255",
            "192.0.2.1",
            "198.51.100.7",
            "203.0.113.9",
            "198.18.0.1",
            "198.19.255.255",
            "192.0.0.8",
            "240.0.0.1",
            "fc00::1",
            "fd12:3456::1",
            "fec0::1",
            "2001:db8::1",
            "3fff:fff::1",
            "2001:2::1",
            "100::1",
            "4000::1",
            "::ffff:10.0.0.1",
            "64:ff9b::a00:1",
            "2002:c0a8:101::1",
        ];
        for address in inner {
            assert_eq!(kind(address, Reach::Cluster), None, "{address}");
            assert!(kind(address, Reach::Public).is_some(), "{address}");
        }
        let open = [
            "1.1.1.1",
            "172.32.0.1",
            "172.15.255.255",
            "100.63.255.255",
            "100.128.0.1",
            "198.20.0.1",
            "9.255.255.255",
            "223.255.255.255",
            "2606:4700:4700::1111",
            "2a00::1",
            "2001:4860:4860::8888",
            "64:ff9b::101:101",
            "2002:101:101::1",
            "::ffff:1.1.1.1",
        ];
        for address in open {
            assert_eq!(kind(address, Reach::Public), None, "{address}");
        }
    }

    #[tokio::test]
    async fn addresses_in_urls_are_checked_in_every_spelling() {
        let guard = Guard::new(Reach::Cluster, []);
        for url in
            ["http://127.1/", "http://2130706433/", "http://0x7f.1/", "http://[::ffff:7f00:1]:80/", "http://0/", "http://169.254.169.254/x"]
        {
            let error = guard.check(&Url::parse(url).unwrap()).await.unwrap_err();
            assert_eq!((error.kind, error.status), ("authorization", 403), "{url}");
        }
        assert_eq!(guard.check(&Url::parse("http://192.168.1.1/").unwrap()).await, Ok(()));
        let error = Guard::new(Reach::Public, []).check(&Url::parse("http://192.168.1.1:80/x").unwrap()).await.unwrap_err();
        assert_eq!(
            error.to_string(),
            "[403] `192.168.1.1` may not be called: 192.168.1.1 is a private address, which http.reach `public` leaves out; where it should be called, set http.reach there"
        );
    }

    #[tokio::test]
    async fn a_name_is_worth_what_it_resolves_to() {
        let direct = Guard::new(Reach::Cluster, []);
        assert!(direct.clone().addresses("localhost".to_owned()).await.is_err_and(|error| error.is::<Refused>()));
        assert!(Guard::new(Reach::Any, []).addresses("localhost".to_owned()).await.is_ok_and(|found| found.count() > 0));

        let proxied = Guard::new(Reach::Cluster, ["http://user:word@LOCALHOST:3128".to_owned(), "proxy:8080".to_owned()]);
        assert_eq!(*proxied.proxies, BTreeSet::from(["localhost".to_owned(), "proxy".to_owned()]));
        assert!(proxied.clone().addresses("localhost".to_owned()).await.is_ok(), "a proxy may stand anywhere");
        let error = proxied.check(&Url::parse("http://localhost/").unwrap()).await.unwrap_err();
        assert_eq!(error.kind, "authorization", "but it is no target");
        assert_eq!(direct.check(&Url::parse("http://localhost/").unwrap()).await, Ok(()), "the resolver's part");
    }
}
