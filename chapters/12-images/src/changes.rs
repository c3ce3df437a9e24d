//! `import -c CHANGE`: the Dockerfile instructions that change the configuration only.

use crate::config::{Empty, RunConfig};
use shared::{Error, Result};
use std::iter::Peekable;
use std::str::Chars;

impl RunConfig {
    /// Applies one instruction: CMD, ENTRYPOINT, ENV, EXPOSE, LABEL, STOPSIGNAL, USER, VOLUME or WORKDIR.
    pub fn change(&mut self, instruction: &str) -> Result<()> {
        self.apply(instruction.trim()).map_err(|why| {
            Error::new(format!("apply the change {instruction:?}"), why)
                .next("write it as in a Dockerfile: -c 'CMD [\"sh\"]' -c 'ENV LANG=C.UTF-8'")
        })
    }

    fn apply(&mut self, instruction: &str) -> Result<(), String> {
        let (name, rest) = instruction.split_once(char::is_whitespace).unwrap_or((instruction, ""));
        let rest = rest.trim();
        if rest.is_empty() {
            return Err("the instruction has no argument".into());
        }
        if rest.contains('\0') {
            return Err("there is a NUL character in it".into());
        }
        match name.to_ascii_uppercase().as_str() {
            "CMD" => self.cmd = Some(command(rest)?),
            "ENTRYPOINT" => self.entrypoint = Some(command(rest)?),
            "ENV" => pairs(rest)?.into_iter().for_each(|(name, value)| self.set_env(&name, &value)),
            "LABEL" => self.labels.extend(pairs(rest)?),
            "EXPOSE" => {
                for port in words(rest)? {
                    self.exposed_ports.insert(exposed(&port)?, Empty {});
                }
            }
            "VOLUME" => {
                let paths = if rest.starts_with('[') { command(rest)? } else { words(rest)? };
                self.volumes.extend(paths.into_iter().map(|path| (path, Empty {})));
            }
            "USER" => self.user = rest.into(),
            "WORKDIR" => {
                self.working_dir =
                    std::path::Path::new("/").join(&self.working_dir).join(rest).to_string_lossy().into()
            }
            "STOPSIGNAL" => self.stop_signal = Some(rest.into()),
            _ => return Err(format!("{name:?} is not an instruction that changes the configuration")),
        }
        Ok(())
    }

    fn set_env(&mut self, name: &str, value: &str) {
        self.env.retain(|entry| entry.split('=').next() != Some(name));
        self.env.push(format!("{name}={value}"));
    }
}

/// The exec form is a JSON list; anything else is a line for the shell.
fn command(text: &str) -> Result<Vec<String>, String> {
    match serde_json::from_str(text) {
        Ok(list) => Ok(list),
        Err(error) if text.starts_with('[') => Err(format!("it is no list of strings: {error}")),
        Err(_) => Ok(vec!["/bin/sh".into(), "-c".into(), text.into()]),
    }
}

fn exposed(port: &str) -> Result<String, String> {
    let (number, protocol) = port.split_once('/').unwrap_or((port, "tcp"));
    match (number.parse::<u16>(), protocol) {
        (Ok(1..), "tcp" | "udp" | "sctp") => Ok(format!("{number}/{protocol}")),
        _ => Err(format!("{port:?} is not a port such as 80 or 53/udp")),
    }
}

/// `A=b "C=d e"`, or the old form `A the rest`.
fn pairs(text: &str) -> Result<Vec<(String, String)>, String> {
    let first = text.split(char::is_whitespace).next().unwrap_or_default();
    if !first.contains('=') {
        let (name, value) = text.split_once(char::is_whitespace).ok_or("there is no value")?;
        return Ok(vec![(name.into(), value.trim().into())]);
    }
    let pair = |word: String| match word.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.to_string(), value.to_string())),
        _ => Err(format!("{word:?} is not NAME=value")),
    };
    words(text)?.into_iter().map(pair).collect()
}

/// Splits at white space, with quotes and backslashes as in a shell.
fn words(text: &str) -> Result<Vec<String>, String> {
    let mut chars = text.chars().peekable();
    let mut words = Vec::new();
    while chars.next_if(|c| c.is_whitespace()).is_some() || chars.peek().is_some() {
        if chars.peek().is_some_and(|c| !c.is_whitespace()) {
            words.push(word(&mut chars)?);
        }
    }
    Ok(words)
}

fn word(chars: &mut Peekable<Chars>) -> Result<String, String> {
    let (mut word, mut quote) = (String::new(), None);
    while let Some(c) = chars.next_if(|c| quote.is_some() || !c.is_whitespace()) {
        match (c, quote) {
            ('"' | '\'', None) => quote = Some(c),
            (c, Some(open)) if c == open => quote = None,
            ('\\', None | Some('"')) => word.extend(chars.next()),
            _ => word.push(c),
        }
    }
    if quote.is_some() { Err("a quotation mark is not closed".into()) } else { Ok(word) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_as_in_a_dockerfile() {
        let mut run = RunConfig::default();
        let changes = [
            "CMD [\"sh\", \"-c\", \"a b\"]",
            "entrypoint run it",
            "ENV A=1 B=\"two words\" C=x\\ y",
            "ENV A the rest",
            "EXPOSE 80 53/udp",
            "VOLUME /a /b",
            "VOLUME [\"/c d\"]",
            "USER 1000:1000",
            "WORKDIR /srv",
            "WORKDIR app",
            "LABEL a.b=c 'd=e f'",
            "STOPSIGNAL SIGQUIT",
        ];
        changes.iter().for_each(|change| run.change(change).unwrap());
        assert_eq!(run.cmd.unwrap(), ["sh", "-c", "a b"]);
        assert_eq!(run.entrypoint.unwrap(), ["/bin/sh", "-c", "run it"]);
        assert_eq!(run.env, ["B=two words", "C=x y", "A=the rest"]);
        assert_eq!(run.exposed_ports.keys().collect::<Vec<_>>(), ["53/udp", "80/tcp"]);
        assert_eq!(run.volumes.keys().collect::<Vec<_>>(), ["/a", "/b", "/c d"]);
        assert_eq!((run.user.as_str(), run.working_dir.as_str()), ("1000:1000", "/srv/app"));
        assert_eq!((run.labels["a.b"].as_str(), run.labels["d"].as_str()), ("c", "e f"));
        assert_eq!(run.stop_signal.unwrap(), "SIGQUIT");
    }

    #[test]
    fn refuses_what_is_no_change() {
        let bad = [
            "",
            "CMD",
            "RUN x",
            "CMD [1]",
            "ENV A",
            "ENV A=1 B",
            "ENV A='x",
            "EXPOSE 0",
            "EXPOSE 80/x",
            "EXPOSE 70000",
            "USER a\0b",
        ];
        for change in bad {
            let error = RunConfig::default().change(change).expect_err(change).to_string();
            assert!(error.contains("cannot apply the change"), "{error}");
        }
    }
}
