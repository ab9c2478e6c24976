// SPDX-License-Identifier: Apache-2.0

import Documents
import Files
import FilesTesting
import Foundation
import SystemPackage
import Testing

/// The judge is ruamel.yaml, with which DVC reads its files.
struct JudgeTests {
    private static let python: FilePath = {
        if let dvc = ProcessInfo.processInfo.environment["GYRE_TEST_DVC"], !dvc.isEmpty {
            return FilePath(dvc).removingLastComponent().appending("python")
        }
        var root = FilePath(#filePath)
        for _ in 0..<4 { root.removeLastComponent() }
        return root.appending(".venv-dvc/bin/python")
    }()

    private static let documents = [
        "a: 1\nb: [1, 2.5, .5, 5., 1e3, 1e-4, 1E+2, -.5, +5, -0, 0x1F, 0o17, 007, 1_000, 1_0.5_0, 0b101, -0x1F, 12_]\n",
        "a: [true, True, FALSE, null, Null, ~, yes, no, on, off, y, nan, .nan, .inf, -.INF, infinity]\n",
        "a: [1.2.3, e5, 1e, 0x, +, 'x', \"\\u00e9\\n\", it's, a#b, http://x:1/y?z=1, -x, .e5, 1 2, 0x-5, _1, 1__e3, 0b2, 0o8]\n",
        "a:\nb:\n  - x\n  -\n  - k: 1\n    l:\n    - 2\nc: {}\nd: []\n",
        "a: |\n  x\n\n  y\nb: >\n  folded\n  text\n\n  end\nc: |+\n  z\n\n",
        "a: 'x\n  y'\nb: plain\n  goes on\nc: \"x\\\n  y\"\n", "a: &x {k: 1, l: 2}\nb: *x\nc:\n  <<: *x\n  l: 3\n",
        "a: {<<: [{k: 1}, {k: 2, l: 3}]}\n",
        "# c\n---\na: 1 # x\n...\n", "a: !!str 5\nb: !!int '5'\nc: !!float 5\n", "? a\n: 1\n",
        "{a: 1, 'b': {c: [d, e]}}\n", "ключ: 漢字 😀\n",
        "cmd: python train.py --lr 0.1 && echo \"done; yes\"\ndeps:\n- path: a.py\n  md5: 0123456789abcdef0123456789abcdef\n  size: 12\n",
        "md5: 1234567890123456789012345678901e5\nn: 12345678901234567\n",
    ]

    @Test(.enabled(if: FileSystem.exists(python), "scripts/setup --tests installs it"))
    func `documents mean what they mean to DVC`() throws {
        let folder = try TemporaryFolder()
        for (number, text) in Self.documents.enumerated() { _ = try folder.file("\(number)", text) }
        _ = try folder.file(
            "read.py",
            """
            import math, sys
            from ruamel.yaml import YAML

            def show(value):
                if value is None: return "null"
                if isinstance(value, bool): return str(value).lower()
                if isinstance(value, int): return str(value)
                if isinstance(value, float):
                    return "nan" if math.isnan(value) else f"real {value!r}"
                if isinstance(value, str): return "text " + value.encode().hex()
                if isinstance(value, dict):
                    return "{" + ", ".join(sorted(show(k) + ": " + show(v) for k, v in value.items())) + "}"
                return "[" + ", ".join(show(item) for item in value) + "]"

            for number in range(int(sys.argv[1])):
                print(show(YAML(typ="safe").load(open(str(number), encoding="utf-8"))))
            """
        )
        let answers = try Command.output(Self.python.string, "read.py", "\(Self.documents.count)", in: folder.path)
        let ours = try Self.documents.map { Self.shown(try YAMLDocument.parse($0, file: "f")) }
        for (text, (ours, theirs)) in zip(Self.documents, zip(ours, answers.split(separator: "\n"))) {
            #expect(ours == theirs, "\(text)")
        }
        #expect(answers.split(separator: "\n").count == Self.documents.count)
    }

    private static func shown(_ node: YAMLNode) -> String {
        switch node.content {
        case .null: "null"
        case .bool(let value): "\(value)"
        case .integer(let value): "\(value)"
        case .real(let value): value.isNaN ? "nan" : "real \(value)"
        case .string(let value): text(value)
        case .sequence(let items): "[" + items.map(shown).joined(separator: ", ") + "]"
        case .mapping(let entries):
            "{" + entries.map { "\(text($0.key)): \(shown($0.value))" }.sorted().joined(separator: ", ") + "}"
        }
    }

    private static func text(_ value: String) -> String {
        "text " + value.utf8.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }
}
