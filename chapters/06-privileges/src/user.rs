//! `--user`: a name or a number, and perhaps a group.

use crate::accounts::Accounts;
use nix::unistd::{Gid, Uid};
use serde::{Deserialize, Serialize};
use shared::{Error, Result};
use std::str::FromStr;

/// The highest number of a user or group. Above it a number would be negative somewhere, and −1 means "leave
/// it as it is" to the kernel: root (CVE-2024-40635).
const HIGHEST: u32 = i32::MAX as u32;

/// Who the program is to be, as it was written: `1000`, `www-data`, `1000:tty`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct User {
    user: String,
    group: Option<String>,
}

/// The same in numbers.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Resolved {
    pub uid: Uid,
    pub gid: Gid,
    pub groups: Vec<Gid>,
    pub home: String,
}

impl Default for User {
    /// Root.
    fn default() -> User {
        User { user: "0".into(), group: None }
    }
}

impl FromStr for User {
    type Err = Error;

    fn from_str(text: &str) -> Result<User> {
        let wrong = |why: &str| {
            Error::refused(format!("invalid user {text:?}: {why}"))
                .next("write it as NAME, UID, NAME:GROUP or UID:GID, with numbers from 0 to 2147483647")
        };
        let (user, group) = match text.split_once(':') {
            Some((user, group)) => (user, Some(group)),
            None => (text, None),
        };
        for word in [Some(user), group].into_iter().flatten() {
            if word.is_empty() || word.contains(':') {
                return Err(wrong("a part of it is empty, or there is a second colon"));
            }
            if word.chars().any(|c| c.is_control() || c.is_whitespace() || c == '/') {
                return Err(wrong("a character in it cannot be part of a name"));
            }
            if number(word) == Number::OutOfRange {
                return Err(wrong("a number is out of range"));
            }
        }
        Ok(User { user: user.into(), group: group.map(String::from) })
    }
}

impl TryFrom<String> for User {
    type Error = Error;

    fn try_from(text: String) -> Result<User> {
        text.parse()
    }
}

impl From<User> for String {
    fn from(user: User) -> String {
        match user.group {
            Some(group) => format!("{}:{group}", user.user),
            None => user.user,
        }
    }
}

#[derive(PartialEq, Eq)]
enum Number {
    Is(u32),
    OutOfRange,
    No,
}

/// What looks like a number is one, and never a name that happens to be spelled with digits (CVE-2016-3697).
/// A sign or `0x` in front makes a bad number and no good name.
fn number(word: &str) -> Number {
    let digits = word.strip_prefix(['+', '-']).or(word.strip_prefix("0x")).unwrap_or(word);
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Number::No;
    }
    match word.parse::<u32>() {
        Ok(number) if number <= HIGHEST && digits == word => Number::Is(number),
        _ => Number::OutOfRange,
    }
}

impl User {
    /// Looks the names up. A number needs no entry; its group is then 0, as in Docker.
    pub(crate) fn resolve(&self, accounts: &Accounts) -> Result<Resolved> {
        let account = match number(&self.user) {
            Number::Is(uid) => accounts.all().find(|account| account.uid == uid),
            _ => Some(accounts.all().find(|account| account.name == self.user).ok_or_else(|| {
                Error::refused(format!(
                    "unable to find user {}: no matching entries in passwd file",
                    self.user
                ))
                .next("look into the image's /etc/passwd, or give the user's number")
            })?),
        };
        let uid = match number(&self.user) {
            Number::Is(uid) => uid,
            _ => account.as_ref().map_or(HIGHEST, |account| account.uid),
        };
        let own_group = account.as_ref().map_or(0, |account| account.gid);
        let gid = self.group.as_ref().map_or(Ok(own_group), |group| group_number(group, accounts))?;
        in_range(uid)?;
        in_range(gid)?;
        let mut groups = vec![Gid::from_raw(gid)];
        if self.group.is_none() {
            let name = account.as_ref().map(|account| account.name);
            groups.extend(accounts.groups().filter_map(|(_, gid, members)| {
                name.is_some_and(|name| members.contains(&name)).then_some(Gid::from_raw(gid))
            }));
        }
        groups.sort_by_key(|gid| gid.as_raw());
        groups.dedup();
        let home = account.map_or("/", |account| account.home);
        let home = if home.starts_with('/') { home } else { "/" };
        Ok(Resolved { uid: Uid::from_raw(uid), gid: Gid::from_raw(gid), groups, home: home.into() })
    }
}

fn group_number(group: &str, accounts: &Accounts) -> Result<u32> {
    if let Number::Is(gid) = number(group) {
        return Ok(gid);
    }
    accounts.groups().find(|(name, ..)| *name == group).map(|(_, gid, _)| gid).ok_or_else(|| {
        Error::refused(format!("unable to find group {group}: no matching entries in group file"))
            .next("look into the image's /etc/group, or give the group's number")
    })
}

fn in_range(id: u32) -> Result<()> {
    if id <= HIGHEST {
        return Ok(());
    }
    Err(Error::refused(format!(
        "the image's passwd or group file has the number {id}, which is out of range"
    )))
}

#[cfg(test)]
mod tests {
    use super::*;

    const PASSWD: &str =
        "root:x:0:0:root:/root:/bin/sh\r\nweb:x:33:34::/var/www:\n1000:x:0:0::/:/bin/sh\nodd";
    const GROUP: &str = "root:x:0:\nweb:x:34:\ntty:x:5:web,other\n";

    fn resolve(user: &str) -> Result<(u32, u32, Vec<u32>, String)> {
        let found = user.parse::<User>()?.resolve(&Accounts::from_text(PASSWD, GROUP))?;
        let groups = found.groups.iter().map(|gid| gid.as_raw()).collect();
        Ok((found.uid.as_raw(), found.gid.as_raw(), groups, found.home))
    }

    #[test]
    fn names_and_numbers() {
        assert_eq!(resolve("web").unwrap(), (33, 34, vec![5, 34], "/var/www".into()));
        assert_eq!(resolve("web:tty").unwrap(), (33, 5, vec![5], "/var/www".into()));
        assert_eq!(resolve("7:8").unwrap(), (7, 8, vec![8], "/".into()));
        assert_eq!(resolve("0").unwrap(), (0, 0, vec![0], "/root".into()));
    }

    #[test]
    fn a_number_is_never_a_name() {
        assert_eq!(resolve("1000").unwrap().0, 1000);
    }

    #[test]
    fn junk_is_never_root() {
        for junk in [
            "4294967296",
            "2147483648",
            "-1",
            "0x0",
            "1000:",
            ":",
            "root:root:root",
            "+5",
            "",
            "nosuch",
            "0:nosuch",
            "a b",
        ] {
            assert!(resolve(junk).is_err(), "{junk:?}");
        }
    }
}
