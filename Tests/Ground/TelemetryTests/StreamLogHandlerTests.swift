// SPDX-License-Identifier: Apache-2.0

import JSONText
import Logging
import Synchronization
import Telemetry
import Testing

struct StreamLogHandlerTests {
    /// What was written, line by line.
    private final class Sink: Sendable {
        private let written = Mutex<[String]>([])

        func add(_ text: String) { written.withLock { $0.append(text) } }
        var all: [String] { written.withLock { $0 } }
    }

    private struct Refusal: Error, CustomStringConvertible { let description: String }

    private let sink = Sink()

    private func logger(_ format: LogFormat, level: Logger.Level = .trace) -> Logger {
        let sink = sink
        return Logger(label: "gyre.test") { StreamLogHandler(label: $0, level: level, format: format) { sink.add($0) } }
    }

    private static let texts = [
        "plain", "", "a\nb", "a\r\nb", "\r", "\"", "\\", "\"\u{301}", "\u{0}x", "\u{1B}[31mred", "\u{7F}", "\u{85}",
        "\u{2028}", "\t",
        "ü 漢 😀", "e\u{301}", "{\"a\":1}", "level=error", "\u{FFFF}", "\u{202E}",
    ]

    @Test(arguments: texts)
    func `any text makes one line of valid JSON that says it`(text: String) throws {
        let logger = logger(.json)
        logger.error(
            "\(text)",
            error: Refusal(description: text),
            metadata: ["key.\(text)": "\(text)", "time": "\(text)"]
        )
        let line = try #require(sink.all.first)
        #expect(sink.all.count == 1)
        #expect(line.utf8.last == 10)
        #expect(
            line.unicodeScalars.dropLast().allSatisfy { $0.value >= 0x20 && ![0x7F, 0x85, 0x2028].contains($0.value) }
        )
        let root = try JSONDocument(line).root
        func same(_ element: JSONElement?) -> Bool {
            element?.string?.unicodeScalars.elementsEqual(text.unicodeScalars) == true
        }
        #expect(same(root["message"]))
        #expect(same(root["error"]))
        #expect(same(root["time_"]))
        #expect(same(root["key.\(text)"]))
        #expect(root["level"]?.string == "error")
        #expect(root["logger"]?.string == "gyre.test")
        let keys = root.members.map(\.key)
        #expect(Set(keys).count == keys.count)
    }

    @Test(arguments: texts)
    func `any text stays in its line for people`(text: String) throws {
        logger(.console).info("\(text)", metadata: ["a": "\(text)", "b": "end"])
        let line = try #require(sink.all.first)
        #expect(sink.all.count == 1)
        #expect(line.hasSuffix(" b=end\n"))
        #expect(
            line.unicodeScalars.dropLast().allSatisfy { $0.value >= 0x20 && ![0x7F, 0x85, 0x2028].contains($0.value) }
        )
    }

    @Test func `a line for people has its time, level, message and sorted facts`() throws {
        logger(.console).notice("a model went live", metadata: ["model": "churn", "count": "3", "note": "two words"])
        let parts = try #require(sink.all.first).split(separator: " ", maxSplits: 1)
        #expect(parts.last == "notice a model went live count=3 model=churn note=\"two words\"\n")
        #expect(try parts.first?.wholeMatch(of: Regex(#"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z"#)) != nil)
    }

    @Test(arguments: [
        "password", "PASSWORD", "db.password", "api-key", "api_key", "apiKey", "api.key", "aws.secret.access.key",
        "access_key",
        "authorization", "http.header.Authorization", "token", "csrfToken", "client_secret", "Set-Cookie",
        "private-key",
        "credentials", "passphrase",
    ])
    func `what a key calls a secret is never shown`(key: String) throws {
        for format in LogFormat.allCases {
            var logger = logger(format)
            logger[metadataKey: key] = "hunter2"
            logger.info("x")
            logger.info("x", metadata: [key: "hunter2"])
            logger.info("x", metadata: ["http": ["headers": [.dictionary([key: "hunter2"])]]])
            logger.info("x", metadata: [key: ["hunter2"]])
        }
        #expect(sink.all.count == 8)
        for line in sink.all {
            #expect(!line.contains("hunter2"))
            #expect(line.contains("•••"))
        }
    }

    @Test(arguments: ["http://user:hunter2@host/x", "see postgresql://hunter2@db/shop and s3://k:hunter2@b/p?x=1#y"])
    func `what a URL carries before its host is never shown`(text: String) throws {
        for format in LogFormat.allCases {
            logger(format).error(
                "\(text)",
                error: Refusal(description: text),
                metadata: ["url": "\(text)", "l": ["\(text)"]]
            )
        }
        for line in sink.all {
            #expect(!line.contains("hunter2"))
            #expect(line.contains("://•••@"))
        }
    }

    @Test(arguments: [
        "s3://bucket/a@b", "http://host/?mail=a@b.c", "a@b.c", "https://host:80/x", "no://", "key", "monkey",
        "keyboard",
    ])
    func `what is no secret is shown`(text: String) throws {
        logger(.json).info("\(text)", metadata: ["object.key": "\(text)"])
        let root = try JSONDocument(try #require(sink.all.first)).root
        #expect(root["message"]?.string == text)
        #expect(root["object.key"]?.string == text)
    }

    @Test func `facts with parts are JSON with parts`() throws {
        logger(.json).info("x", metadata: ["list": ["a", "b"], "map": ["k": ["l": "v"]]])
        let root = try JSONDocument(try #require(sink.all.first)).root
        #expect(root["list"]?.elements.map(\.string) == ["a", "b"])
        #expect(root["map"]?["k"]?["l"]?.string == "v")
    }

    @Test func `an event's fact wins over the logger's`() throws {
        var logger = logger(.json)
        logger[metadataKey: "a"] = "old"
        logger[metadataKey: "b"] = "kept"
        logger.info("x", metadata: ["a": "new"])
        let root = try JSONDocument(try #require(sink.all.first)).root
        #expect(root["a"]?.string == "new")
        #expect(root["b"]?.string == "kept")
    }

    @Test func `what is below the level is not written`() {
        let logger = logger(.console, level: .warning)
        logger.info("x")
        logger.error("y")
        #expect(sink.all.count == 1)
    }
}
