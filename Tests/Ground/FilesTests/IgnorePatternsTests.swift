// SPDX-License-Identifier: Apache-2.0

import Files
import FilesTesting
import SystemPackage
import Testing

/// The judge is `git check-ignore`.
struct IgnorePatternsTests {
    /// Folders end in a slash.
    private static let paths = [
        "a", "b", "ab", "abc", "foo", "bar", "foobar", "foo.log", "FOO", "x.py", ".hidden", "#hash", "!bang", "sp ace",
        "trail ", "back\\slash", "[", "]", "-", "^", "é", "a-b", "5", "d/", "d/a", "d/foo", "d/x.py", "d/e/", "d/e/a",
        "d/e/foo", "d/e/f/", "d/e/f/foo", "d/e/f/x.log", "foo/", "build/", "build/x", "build/d/", "build/d/y",
        "d/build/",
        "d/build/z", "fooa/", "fooa/b/", "fooa/b/bar", "fooa/bar", "a/b/", "doc/frotz/", "doc/frotz/n", "*", "a*b",
        "tab\t",
    ]
    .filter { !["foo/", "a/b/"].contains($0) }

    @Test func `hand-picked patterns mean what they mean to git`() throws {
        try check([
            "foo", "/foo", "foo/", "/foo/", "d/", "d/foo", "/d/foo", "d/*", "d/**", "**/foo", "**/foo/", "/**/foo",
            "d/**/foo",
            "**", "*", "*/", "/*", "/*/", "/**", "**/", "d/**/**/foo", "d/e/**/foo", "*.log", "*.py", "d/*.py",
            "**/*.py",
            "foo*", "*foo", "f?o", "?", "??", "???", "[ab]", "[!ab]", "[^ab]", "[a-c]", "[a-]", "[-a]", "[]]", "[!]]",
            "[]-a]",
            "[[:digit:]]", "[[:alpha:]]", "[[:upper:]]*", "[[:punct:]]", "[[:nope:]]", "[[:alpha:]", "[a", "[", "a[",
            "\\[",
            "\\]", "[\\]]", "[\\-a]", "[z-a]", "[a\\-c]", "\\a", "a\\", "foo\\", "back\\slash", "back\\\\slash",
            "\\#hash",
            "#hash", "\\!bang", "!bang", "sp ace", "sp\\ ace", "trail ", "trail\\ ", "trail\\  ", "foo   ", "foo\\\\ ",
            "foo\t", "tab\t", "é", "?é", "*é", "[é]", "??", ".*", ".h*", "*.", "foo**", "**foo", "foo**bar",
            "foo**/bar",
            "fooa/**bar", "fo*a/**/bar", "?oo**/bar", "d**/foo", "d/e**/foo", "a**", "***", "***/foo", "d/***/foo",
            "d/***",
            "**/**", "**/d/**", "/", "//", "//foo", "foo//", "d//foo", "d/./foo", "./foo", "\\*", "a\\*b", "*\n!foo",
            "*\n!*/\n!foo", "foo\n!foo", "!foo\nfoo", "d/\n!d/foo", "d/*\n!d/e/\n", "/*\n!/d\n/d/*\n!/d/foo", "!", "!/",
            "\n\n",
            "# foo\nfoo", "foo\r\nbar\r\n", "foo\r\nbar", "\u{FEFF}foo\nbar", "foo\\/", "d\\/foo", "[d]/foo", "d[/]foo",
            "d[!x]foo", "d?foo", "d*foo", "d/[!x]oo", "doc/frotz", "doc/frotz/", "frotz/", "/frotz/", "FOO", "foo ",
            " foo",
            "a-b", "a[-]b", "a[*]b", "a[!-]b", "build\n!build/x", "build/*\n!build/x", "**/build/**", "e/f", "**/e/f",
            "*/e",
            "*/*", "*/*/*", "d/*/foo", "d/**/f/**", "*[!a]", "*[a-c]*", "[!.]*", "[[.a.]]", "[[=a=]]", "[a[:digit:]b]",
            "[[:digit:]-b]", "[\\[:alpha:]]", "d/e/f/x.log", "d/**/x.log", "**/x.log/**", "foo.log\\", "***foo", "*\\",
            "[a-",
        ])
    }

    @Test func `patterns put together by chance mean what they mean to git`() throws {
        var state: UInt64 = 42
        func random(_ bound: Int) -> Int {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int(state >> 33) % bound
        }
        let pieces = [
            "a", "b", "d", "e", "f", "foo", "o", "x", "*", "*", "**", "**/", "/", "/", "?", "[a-f]", "[!d]", "[", "]",
            "-",
            "!", "\\", " ", ".", "log", "#", "/**", "[[:alpha:]]", "/*",
        ]
        try check(
            (0..<400).map { _ in
                let lines = (0...random(3)).map { _ in
                    (0...random(5)).map { _ in pieces[random(pieces.count)] }.joined()
                }
                return lines.joined(separator: "\n")
            }
        )
    }

    @Test(.timeLimit(.minutes(5)))
    func `a pattern made to take long does not`() {
        let stars = String(repeating: "**/a*a*a/", count: 30) + "b"
        let path = Array(repeating: "aaaaaaaaaaaaaaaaaaaa", count: 100).joined(separator: "/")
        #expect(!IgnorePatterns(stars).isIgnored(path, isDirectory: false))
        let single = String(repeating: "*a", count: 60) + "b"
        #expect(!IgnorePatterns(single).isIgnored(String(repeating: "a", count: 250), isDirectory: false))
    }

    @Test func `later patterns decide over those that they are added to`() {
        let both = IgnorePatterns("*.log\n").adding(IgnorePatterns("!keep.log\n"))
        #expect(both.isIgnored("a.log", isDirectory: false))
        #expect(!both.isIgnored("keep.log", isDirectory: false))
        #expect(IgnorePatterns("# nothing\n\n").isEmpty)
        #expect(!both.isEmpty)
    }

    /// Asks git and us about all paths under each text.
    private func check(_ texts: [String]) throws {
        let repository = try TemporaryFolder()
        _ = try Command.output("git", "init", "-q", in: repository.path)
        for path in Self.paths where path.hasSuffix("/") { _ = try repository.file(path + "x") }
        for (number, text) in texts.enumerated() { _ = try repository.file(".git/texts/\(number)", text) }
        let questions = Self.paths.map { $0.hasSuffix("/") ? String($0.dropLast()) : $0 }.joined(separator: "\0") + "\0"
        _ = try repository.file(".git/questions", questions)
        let answers = try Command.output(
            "sh",
            "-c",
            """
            for number in $(seq 0 \(texts.count - 1)); do
                git -c core.excludesFile=.git/texts/$number check-ignore --no-index --stdin -z -v -n <.git/questions
                test $? -le 1 || exit 2
            done
            """,
            in: repository.path
        )
        .split(separator: "\0", omittingEmptySubsequences: false)
        try #require(answers.count == texts.count * Self.paths.count * 4 + 1)
        var index = 0
        for text in texts {
            let patterns = IgnorePatterns(text)
            var differences: [String] = []
            for path in Self.paths {
                let decider = answers[index + 2]
                index += 4
                let expected = !decider.isEmpty && decider.utf8.first != UInt8(ascii: "!")
                if Self.isIgnored(path, patterns) != expected { differences.append("`\(path)`: git by `\(decider)`") }
            }
            #expect(differences == [], "\(text.debugDescription)")
        }
    }

    /// As a walk sees it: nothing below an ignored folder comes back.
    private static func isIgnored(_ path: String, _ patterns: IgnorePatterns) -> Bool {
        let isFolder = path.hasSuffix("/")
        let parts = path.split(separator: "/")
        return parts.indices.contains { index in
            let isLast = index == parts.count - 1
            return patterns.isIgnored(parts[...index].joined(separator: "/"), isDirectory: !isLast || isFolder)
        }
    }
}
