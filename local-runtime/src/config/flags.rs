//! The flags of `serve`: one for each setting, and `--config`.

use std::collections::BTreeMap;

use clap::{Arg, ArgAction, ArgMatches, Command};

use super::{
    settings_file,
    settings_table::{SETTINGS, Setting},
};

/// The texts of the flags on the command line, not yet parsed.
#[derive(Clone, Debug, Default)]
pub(crate) struct Flags {
    pub(super) config: Option<String>,
    pub(super) values: BTreeMap<&'static str, String>,
    /// Make rows for stored files that the database does not know.
    pub(crate) rebuild: bool,
    /// Compile the component into the data folder, and end: a server asks a second process of its program
    /// for that.
    pub(crate) compile_only: bool,
}

/// The flag of [`Flags::compile_only`], which no help names.
pub(crate) const COMPILE_ONLY: &str = "--compile-only";

/// The flag of a setting.
pub(super) fn flag_name(setting: &str) -> String {
    format!("--{}", setting.replace('_', "-"))
}

/// The environment variable of a setting.
pub(super) fn variable_name(setting: &str) -> String {
    format!("FIRSTFRAME_{}", setting.to_uppercase())
}

impl clap::FromArgMatches for Flags {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let mut flags = Self::default();
        flags.update_from_arg_matches(matches)?;
        Ok(flags)
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        self.config = matches.get_one("config").cloned();
        self.rebuild = matches.get_flag("rebuild");
        self.compile_only = matches.get_flag("compile-only");
        for Setting { name, .. } in SETTINGS {
            if let Some(text) = matches.get_one::<String>(name) {
                self.values.insert(name, text.clone());
            }
        }
        Ok(())
    }
}

impl clap::Args for Flags {
    fn augment_args(command: Command) -> Command {
        let config = Arg::new("config").long("config").value_name("FILE").help(format!(
            "A TOML file with the settings below, named with _ instead of - [default: {}, if that \
             exists] [env: FIRSTFRAME_CONFIG]",
            settings_file::DEFAULT_PATH
        ));
        let rebuild = Arg::new("rebuild").long("rebuild").action(ArgAction::SetTrue).help(
            "At the start, make rows for the files of quarantine/ in the data folder, which the \
             database does not know; for a database that was lost or is older than the files",
        );
        let compile_only = Arg::new("compile-only").long(COMPILE_ONLY.trim_start_matches('-'));
        let compile_only = compile_only.action(ArgAction::SetTrue).hide(true);
        let command = command.arg(config).arg(rebuild).arg(compile_only).after_help(
            "A flag has precedence over its variable, a variable over the file, the file over the \
             default.",
        );
        SETTINGS.into_iter().fold(command, |command, setting| command.arg(arg(setting)))
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

fn arg(Setting { name, value_name, default, help }: Setting) -> Arg {
    let default = match default {
        None => String::new(),
        Some("") => " [default: none]".to_owned(),
        Some(default) => format!(" [default: {default}]"),
    };
    let help = format!("{help}{default} [env: {}]", variable_name(name));
    Arg::new(name).long(name.replace('_', "-")).value_name(value_name).help(help)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn help_names_every_flag_and_its_variable() {
        use clap::Args as _;
        let mut command = Flags::augment_args(Command::new("serve"));
        let help = command.render_long_help().to_string();
        for Setting { name, .. } in SETTINGS {
            assert!(help.contains(&flag_name(name)), "{name}");
            assert!(help.contains(&variable_name(name)), "{name}");
        }
    }
}
