// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import JSONText
import Logging
import Server
import Telemetry
import Terminal

#if canImport(Glibc)
import Glibc
#endif

/// Where a server listens, how it ends, and how it logs.
struct ListenOptions: ParsableArguments {
    @Option(help: ArgumentHelp("The address to listen on.", valueName: "address"))
    var host = "127.0.0.1"

    @Option(name: [.short, .long], help: ArgumentHelp("The port; 0 for any free one.", valueName: "port"))
    var port: Int?

    @Option(
        help: ArgumentHelp(
            "How long requests under way may take after a signal to stop; a second signal cuts them off.",
            valueName: "seconds"
        )
    )
    var grace = 10

    @Option(help: ArgumentHelp("How log lines look: console or json.", valueName: "format"))
    var logFormat: LogFormat = .console

    func validate() throws {
        if let port, !(0...65_535).contains(port) {
            throw ValidationError("A port is a number from 0 to 65535, not \(port).")
        }
        if !(0...3_600).contains(grace) {
            throw ValidationError("The grace is a number of seconds from 0 to 3600, not \(grace).")
        }
    }

    /// A logger as the options say.
    func logger(_ common: CommonOptions, label: String) -> Logger {
        let level: Logger.Level = common.verbose ? .debug : common.quiet ? .error : .notice
        let format = logFormat
        return Logger(label: label) { StreamLogHandler(label: $0, level: level, format: format) }
    }

    /// Where to listen, with as many connections as the process may open files.
    func settings(defaultPort: Int) -> ListenSettings {
        var settings = ListenSettings(host: host, port: port ?? defaultPort, grace: .seconds(grace))
        settings.connections = min(4_096, max(16, Self.raisedFileLimit() * 3 / 4))
        return settings
    }

    /// The most files that this process may open, raised to what the system allows.
    private static func raisedFileLimit() -> Int {
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return 256 }
        let soft = limit.rlim_cur
        limit.rlim_cur = limit.rlim_max
        if setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) != 0 { limit.rlim_cur = soft }
        return Int(clamping: limit.rlim_cur)
    }
}

extension Output {
    /// Prints where a server answers.
    func announce(_ url: String) {
        var writer = JSONWriter()
        writer.object { $0.field("url", url) }
        // A server whose words nobody can read serves all the same.
        result(json: writer.text, text: url)
    }
}

extension LogFormat: ExpressibleByArgument {}
