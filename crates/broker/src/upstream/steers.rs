//! Variables that decide what runs, whatever the command says: whoever may set one has the program do as they like. They
//! are shown with their values and never hidden.

use wire::view::Severity;

/// What a variable decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Steer {
    /// Which code is loaded or started beside the program's own.
    Code,
    /// Where programs and packages come from.
    Source,
    /// Through whom the program speaks, and whom it believes.
    Traffic,
}

/// Loaders, interpreters, shells, and programs that others start.
const CODE: &str = "\
    LD_PRELOAD LD_LIBRARY_PATH LD_AUDIT GCONV_PATH DYLD_INSERT_LIBRARIES DYLD_LIBRARY_PATH DYLD_FRAMEWORK_PATH \
    DYLD_FALLBACK_LIBRARY_PATH DYLD_FALLBACK_FRAMEWORK_PATH OPENSSL_CONF OPENSSL_MODULES OPENSSL_ENGINES NODE_OPTIONS \
    NODE_PATH ELECTRON_RUN_AS_NODE BUN_OPTIONS PYTHONPATH PYTHONSTARTUP PYTHONHOME PYTHONUSERBASE PYTHONBREAKPOINT \
    PYTHONINSPECT PYTHONPLATLIBDIR PERL5LIB PERLLIB PERL5OPT PERL5DB RUBYOPT RUBYLIB GEM_HOME GEM_PATH BUNDLE_GEMFILE \
    CLASSPATH JAVA_TOOL_OPTIONS JDK_JAVA_OPTIONS _JAVA_OPTIONS JAVA_OPTS DOTNET_STARTUP_HOOKS DOTNET_ADDITIONAL_DEPS \
    DOTNET_SHARED_STORE CORECLR_PROFILER_PATH COR_PROFILER_PATH PHPRC PHP_INI_SCAN_DIR LUA_PATH LUA_CPATH LUA_INIT \
    BASH_ENV ENV ZDOTDIR SHELLOPTS BASHOPTS PS4 PROMPT_COMMAND IFS GIT_SSH GIT_SSH_COMMAND GIT_EXEC_PATH GIT_EDITOR \
    GIT_SEQUENCE_EDITOR GIT_PAGER GIT_ASKPASS GIT_EXTERNAL_DIFF GIT_PROXY_COMMAND GIT_TEMPLATE_DIR GIT_CONFIG \
    GIT_CONFIG_GLOBAL GIT_CONFIG_SYSTEM GIT_CONFIG_PARAMETERS GIT_CONFIG_COUNT SSH_ASKPASS SUDO_ASKPASS PAGER MANPAGER \
    LESSOPEN LESSCLOSE EDITOR VISUAL BROWSER";

/// Registries, and where programs are looked for.
const SOURCE: &str = "\
    PATH PATHEXT PIP_INDEX_URL PIP_EXTRA_INDEX_URL PIP_FIND_LINKS PIP_CONFIG_FILE UV_INDEX UV_INDEX_URL UV_DEFAULT_INDEX \
    UV_EXTRA_INDEX_URL UV_FIND_LINKS UV_CONFIG_FILE UV_PYTHON UV_OVERRIDE UV_CONSTRAINT YARN_REGISTRY \
    YARN_NPM_REGISTRY_SERVER BUN_CONFIG_REGISTRY DENO_INSTALL_ROOT GOPROXY GOFLAGS GONOSUMDB CARGO_HOME";

/// Proxies, and what takes the proof out of an encrypted connection.
const TRAFFIC: &str = "\
    HTTP_PROXY HTTPS_PROXY ALL_PROXY NODE_TLS_REJECT_UNAUTHORIZED NODE_EXTRA_CA_CERTS SSL_CERT_FILE SSL_CERT_DIR \
    SSLKEYLOGFILE REQUESTS_CA_BUNDLE CURL_CA_BUNDLE PYTHONHTTPSVERIFY GIT_SSL_NO_VERIFY DOCKER_HOST DOCKER_CONTEXT \
    DOCKER_CONFIG KUBECONFIG";

/// What a variable of this name decides; upper and lower case are one, as some programs read both.
pub(crate) fn steers(name: &str) -> Option<Steer> {
    let name = name.to_ascii_uppercase();
    let among = |list: &str| list.split_ascii_whitespace().any(|known| known == name);
    let package = ["NPM_CONFIG_", "PNPM_CONFIG_", "YARN_"].iter().any(|start| name.starts_with(start));
    // Functions that bash takes from its surroundings, and settings of git one by one.
    let code =
        name.starts_with("BASH_FUNC_") || name.starts_with("GIT_CONFIG_KEY_") || name.starts_with("GIT_CONFIG_VALUE_");
    match () {
        () if code || among(CODE) => Some(Steer::Code),
        () if package || among(SOURCE) => Some(Steer::Source),
        () if among(TRAFFIC) => Some(Steer::Traffic),
        () => None,
    }
}

impl Steer {
    /// The class of what is found, how loud it is, and what it means.
    pub(crate) fn told(self) -> (&'static str, Severity, &'static str) {
        match self {
            Self::Code => ("runs_other_code", Severity::Danger, "can make the program run other code than its own"),
            Self::Source => ("package_source", Severity::Caution, "decides where programs and packages come from"),
            Self::Traffic => {
                ("changed_traffic", Severity::Caution, "decides through whom the program speaks, or whom it believes")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_that_decide_what_runs_are_known() {
        for name in ["NODE_OPTIONS", "LD_PRELOAD", "BASH_ENV", "BASH_FUNC_ls%%", "GIT_SSH_COMMAND", "PYTHONPATH"] {
            assert_eq!(steers(name), Some(Steer::Code), "{name}");
        }
        for name in ["PATH", "npm_config_registry", "UV_INDEX_URL"] {
            assert_eq!(steers(name), Some(Steer::Source), "{name}");
        }
        assert_eq!(steers("https_proxy"), Some(Steer::Traffic));
        for name in ["GITHUB_TOKEN", "LOG_LEVEL", "ROOT", "", "PATHS", "ENVIRONMENT"] {
            assert_eq!(steers(name), None, "{name}");
        }
    }
}
