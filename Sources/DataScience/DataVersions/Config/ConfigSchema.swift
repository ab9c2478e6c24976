// SPDX-License-Identifier: Apache-2.0

import Diagnostics

/// What settings there are.
///
/// DVC refuses every command where a file has one that it does not know, so none may be written.
///
/// - Source: DVC 3.67, the documentation of `dvc config` and `dvc remote modify`.
enum ConfigSchema {
    /// What a value may be.
    enum Kind: Sendable {
        case text
        case bool
        /// A whole number, at least that.
        case integer(from: Int)
        case number
        case choice([String])
        /// Ways to have a file twice, with commas between them.
        case links
        /// A truth value or a path.
        case boolOrText
    }

    /// Whether a value is a path, relative to its file.
    static func isPath(_ name: ConfigName) -> Bool {
        switch name.section.kind {
        case nil: name.section.name == "cache" && name.key == "dir"
        case "remote": paths.contains(name.key)
        case "machine": name.key == "startup_script" || name.key == "setup_script"
        default: false
        }
    }

    /// Checks a setting before it is written.
    ///
    /// - Parameters:
    ///   - name: The setting.
    ///   - value: Its value.
    ///   - scheme: Of a remote, the scheme of its URL.
    /// - Throws: ``DataVersionsError`` `.invalidSetting`.
    static func check(_ name: ConfigName, _ value: String, scheme: String) throws {
        func refusal(_ why: String, _ next: String?) -> DataVersionsError {
            DataVersionsError(.invalidSetting, what: "cannot set `\(name.dotted)`", why: why, next: next)
        }
        let known: [String: Kind]
        switch name.section.kind {
        case nil:
            guard let keys = sections[name.section.name] else {
                let names = sections.keys.sorted()
                let meant = nearest(to: name.section.name, among: names).map { "did you mean `\($0).\(name.key)`?" }
                throw refusal("there is no section `\(name.section.name)`", meant)
            }
            known = keys
        case "remote":
            guard let keys = remotes[scheme] else {
                throw refusal("DVC knows no remotes of `\(scheme)://`", nil)
            }
            known = keys.merging(common) { $1 }
        default: return
        }
        guard let kind = known[name.key] else {
            let meant = nearest(to: name.key, among: known.keys.sorted()).map { "did you mean `\($0)`?" }
            let place =
                name.section.kind == nil
                ? "`\(name.section.name)` has" : "a \(scheme.isEmpty ? "folder" : scheme) remote has"
            throw refusal("\(place) no such setting", meant)
        }
        if let why = kind.fault(value) { throw refusal(why, nil) }
    }

    private static let paths: Set = [
        "url", "gdrive_user_credentials_file", "gdrive_service_account_json_file_path", "credentialpath", "configpath",
        "keyfile", "cert_path", "key_path",
    ]

    private static let local: [String: Kind] = [
        "type": .links, "protected": .bool, "shared": .choice(["group"]), "slow_link_warning": .bool, "verify": .bool,
    ]

    private static let sections: [String: [String: Kind]] = [
        "core": [
            "remote": .text, "checksum_jobs": .integer(from: 1), "interactive": .bool, "analytics": .bool,
            "hardlink_lock": .bool, "no_scm": .bool, "autostage": .bool, "experiments": .bool, "check_update": .bool,
            "site_cache_dir": .text, "machine": .text,
        ],
        "cache": local.merging([
            "dir": .text, "local": .text, "s3": .text, "gs": .text, "hdfs": .text, "webhdfs": .text, "ssh": .text,
            "azure": .text,
        ]) { $1 },
        "state": ["dir": .text, "row_limit": .integer(from: 1), "row_cleanup_quota": .integer(from: 0)],
        "index": ["dir": .text],
        "feature": ["machine": .bool],
        "plots": ["html_template": .text, "auto_open": .bool, "out_dir": .text],
        "exp": [
            "code": .text, "data": .text, "models": .text, "metrics": .text, "params": .text, "plots": .text,
            "live": .text, "auto_push": .bool, "git_remote": .text,
        ],
        "parsing": ["bool": .choice(["store_true", "boolean_optional"]), "list": .choice(["nargs", "append"])],
        "hydra": [
            "enabled": .bool, "config_dir": .text, "config_module": .text, "config_name": .text, "plugins_path": .text,
        ],
        "studio": ["token": .text, "url": .text, "repo_url": .text, "offline": .bool],
    ]

    private static let common: [String: Kind] = [
        "url": .text, "checksum_jobs": .integer(from: 1), "jobs": .integer(from: 1), "worktree": .bool,
        "no_traverse": .bool, "version_aware": .bool,
    ]

    private static let http: [String: Kind] = [
        "auth": .choice(["basic", "digest", "custom"]), "custom_auth_header": .text, "user": .text, "password": .text,
        "ask_password": .bool, "ssl_verify": .boolOrText, "method": .text, "connect_timeout": .number,
        "read_timeout": .number, "verify": .bool,
    ]

    private static let webdav: [String: Kind] = [
        "user": .text, "password": .text, "ask_password": .bool, "token": .text, "bearer_token_command": .text,
        "custom_auth_header": .text, "cert_path": .text, "key_path": .text, "timeout": .integer(from: .min),
        "ssl_verify": .boolOrText, "verify": .bool,
    ]

    private static let remotes: [String: [String: Kind]] = [
        "": local,
        "s3": [
            "region": .text, "profile": .text, "credentialpath": .text, "configpath": .text, "endpointurl": .text,
            "access_key_id": .text, "secret_access_key": .text, "session_token": .text, "listobjects": .bool,
            "use_ssl": .bool, "allow_anonymous_login": .bool, "ssl_verify": .boolOrText, "sse": .text,
            "sse_kms_key_id": .text, "sse_customer_algorithm": .text, "sse_customer_key": .text, "acl": .text,
            "grant_read": .text, "grant_read_acp": .text, "grant_write_acp": .text, "grant_full_control": .text,
            "read_timeout": .integer(from: .min), "connect_timeout": .integer(from: .min), "verify": .bool,
        ],
        "gs": [
            "projectname": .text, "credentialpath": .text, "endpointurl": .text, "verify": .bool,
            "allow_anonymous_login": .bool,
        ],
        "ssh": [
            "type": .links, "port": .integer(from: .min), "user": .text, "password": .text, "ask_password": .bool,
            "passphrase": .text, "ask_passphrase": .bool, "keyfile": .text, "timeout": .integer(from: .min),
            "gss_auth": .bool, "allow_agent": .bool, "max_sessions": .integer(from: .min), "verify": .bool,
        ],
        "hdfs": ["user": .text, "kerb_ticket": .text],
        "webhdfs": [
            "kerberos": .bool, "kerberos_principal": .text, "proxy_to": .text, "ssl_verify": .boolOrText,
            "token": .text, "use_https": .bool, "user": .text, "password": .text, "data_proxy_target": .text,
            "verify": .bool,
        ],
        "azure": [
            "connection_string": .text, "sas_token": .text, "account_name": .text, "account_key": .text,
            "tenant_id": .text, "client_id": .text, "client_secret": .text, "allow_anonymous_login": .bool,
            "exclude_environment_credential": .bool, "exclude_visual_studio_code_credential": .bool,
            "exclude_shared_token_cache_credential": .bool, "exclude_managed_identity_credential": .bool,
            "verify": .bool, "timeout": .integer(from: .min), "read_timeout": .integer(from: .min),
            "connection_timeout": .integer(from: .min),
        ],
        "oss": ["oss_key_id": .text, "oss_key_secret": .text, "oss_endpoint": .text, "verify": .bool],
        "gdrive": [
            "profile": .text, "gdrive_use_service_account": .bool, "gdrive_client_id": .text,
            "gdrive_client_secret": .text, "gdrive_user_credentials_file": .text,
            "gdrive_service_account_user_email": .text, "gdrive_service_account_json_file_path": .text,
            "gdrive_trash_only": .bool, "gdrive_acknowledge_abuse": .bool, "verify": .bool,
        ],
        "http": http, "https": http, "webdav": webdav, "webdavs": webdav,
        // Any key of the remote that it refers to.
        "remote": local.merging(http) { $1 },
    ]
}

extension ConfigSchema.Kind {
    /// Why a value cannot be taken; nil if it can.
    fileprivate func fault(_ value: String) -> String? {
        let small = value.lowercased()
        switch self {
        case .text, .boolOrText: return nil
        case .bool: return ["true", "false"].contains(small) ? nil : "`\(value)` is neither `true` nor `false`"
        case .integer(let least):
            guard let number = Int(value.trimming(while: \.isWhitespace)) else {
                return "`\(value)` is no whole number"
            }
            return number >= least ? nil : "\(number) is less than \(least)"
        case .number: return Double(value).map { $0 >= 0 } == true ? nil : "`\(value)` is no number of seconds"
        case .choice(let words):
            let known = words.map { "`\($0)`" }.joined(separator: " or ")
            return words.contains(small) ? nil : "`\(value)` is not \(known)"
        case .links:
            let known = ["reflink", "hardlink", "symlink", "copy"]
            let wrong = value.split(separator: ",").map { String($0.trimming(while: \.isWhitespace)) }
                .first { !known.contains($0) }
            return wrong.map { "`\($0)` is none of \(known.map { "`\($0)`" }.joined(separator: ", "))" }
        }
    }
}

/// Values as the readers of settings need them.
enum ConfigValue {
    static func bool(_ text: String, _ name: ConfigName) throws -> Bool {
        switch text.lowercased() {
        case "true": return true
        case "false": return false
        default: throw invalid(text, name, "it is neither `true` nor `false`")
        }
    }

    static func integer(_ text: String, _ name: ConfigName) throws -> Int {
        guard let number = Int(text) else { throw invalid(text, name, "it is no whole number") }
        return number
    }

    private static func invalid(_ text: String, _ name: ConfigName, _ why: String) -> DataVersionsError {
        DataVersionsError(
            .invalidSetting,
            what: "cannot use the setting `\(name.dotted)`, which is `\(text)`",
            why: why,
            next: "run `gyre config \(name.dotted) VALUE`"
        )
    }
}
