// SPDX-License-Identifier: Apache-2.0

import Pipelines
import Testing

@testable import Experiments

struct OverrideTests {
    /// What Hydra 1.3 makes of each: the values of its `BasicSweeper`.
    @Test(
        arguments: [
            ("a=1", ["1"]), ("a=1.5", ["1.5"]), ("a=1e-3", ["0.001"]), ("a=1_000", ["1000"]), ("a=TRUE", ["true"]),
            ("a=null", ["null"]), ("a=", [""]), ("a=x y", ["x y"]), ("a='1'", ["1"]), ("a=\"a,b\"", ["a,b"]),
            ("a='it\\'s'", ["it's"]), ("a=[1,2]", ["[1,2]"]), ("a=[a,[1,x y]]", ["[a,[1,x y]]"]),
            ("a={x:1,y:{z:q}}", ["{x:1,y:{z:q}}"]), ("a=1,2", ["1", "2"]), ("a=choice(5,6)", ["5", "6"]),
            ("a=range(1,4)", ["1", "2", "3"]), ("a=range(3)", ["0", "1", "2"]),
            ("a=range(0,1,0.25)", ["0.0", "0.25", "0.5", "0.75"]), ("a=range(5,1,-2)", ["5", "3"]),
            ("a=range(start=1,stop=7,step=3)", ["1", "4"]), ("a=range(0.5,2)", ["0.5", "1.5"]),
            ("b.c=x/y:z", ["x/y:z"]), ("a=01", ["01"]), ("a=-3", ["-3"]), ("a=1.", ["1.0"]), ("a=.5", ["0.5"]),
            ("a=+5", ["5"]), ("a=inf", ["inf"]), ("a=a\\,b", ["a,b"]), ("a=int(3.7)", ["3"]),
            ("a=float(3)", ["3.0"]), ("a=bool(1)", ["true"]), ("a=sort(3,1,2)", ["1", "2", "3"]),
            ("a=sort(3,1,2,reverse=true)", ["3", "2", "1"]), ("a=int(1,2.9)", ["1", "2"]),
            ("a=[1,2],[3]", ["[1,2]", "[3]"]), ("a= 1 , 2 ", ["1", "2"]), ("a=2024-01-01", ["2024-01-01"]),
            ("a=1e5", ["100000.0"]), ("a='','x'", ["", "x"]), ("a=null,1", ["null", "1"]), ("a={}", ["{}"]),
            ("a=sort(range(3,0,-1))", ["1", "2", "3"]), ("a=100000000000000000000", ["100000000000000000000"]),
            ("a=tag(x,choice(1,2))", ["1", "2"]),
        ]
    )
    func `values are those of Hydra`(text: String, values: [String]) throws {
        #expect(try Override(text).values.map { $0?.shown } == values)
    }

    @Test(
        arguments: [
            ("a=1", .integer("1")), ("a='1'", .text("1")), ("a=true", .bool(true)), ("a='true'", .text("true")),
            ("a=1.0", .real(1)), ("a=yes", .text("yes")), ("a=str(5)", .text("5")), ("a=null", .null),
        ] as [(String, ParameterValue)]
    )
    func `values have the kinds of Hydra`(text: String, value: ParameterValue) throws {
        #expect(try Override(text).values == [value])
    }

    @Test(
        arguments: [
            "a", "=1", "a=1,", "a=(1)", "a=[1", "a='x", "a=x'y", "a=a#b", "a=x=y", "a b=1", "a/b=1", "a@b=1",
            "a=${x}", "a=foo(1)", "a=choice()", "a=range(1,5,0)", "a=range(5,1)", "a=range(x)", "a=interval(0,1)",
            "a=glob(*)", "a=~x", "a=[1,]", "-a=1", "1a=2", "a.=1", "a..b=1", ".a=1", "a=[choice(1,2)]", "~a=1,2",
            ":a=1", "a=sort(1,b)", "a=int(x)", "a={x}", "a=1)",
        ]
    )
    func `what is no setting is refused, and says why`(text: String) {
        let error = #expect(throws: ExperimentsError.self) { try Override(text) }
        #expect(error?.code == .invalidOverride)
        #expect(error?.what.contains(text) == true && error?.next != nil)
    }

    @Test func `several sweeps give every combination, the first key slowest`() throws {
        let sweep = try Sweep(["a=1,2", "conf.json:b.c=range(0,3)", "+d=x"])
        #expect(sweep.isSweep)
        #expect(sweep.combinations.count == 6)
        #expect(sweep.combinations[1].map(\.typed) == ["a=1", "conf.json:b.c=1", "+d=x"])
        #expect(sweep.combinations[3].map(\.typed) == ["a=2", "conf.json:b.c=0", "+d=x"])
    }
}

struct ParameterTextTests {
    private static let yaml = """
        # top
        a: 1   # the a
        list:  # two
        - 1
        - 2
        # between
        train: {lr: 0.1, name: x}

        deep:
          b: true  # yes
          c:
            d: text
        last: 9

        """

    @Test(
        arguments: [
            ("a=2", "a: 1   # the a", "a: 2   # the a"), ("a='2'", "a: 1   # the a", "a: '2'   # the a"),
            ("list=[3,4]", "list:  # two\n- 1\n- 2\n", "list: [3, 4]  # two\n"),
            ("list.1=7", "- 2", "- 7"), ("train.lr=1e-5", "lr: 0.1", "lr: 1e-05"),
            ("train={lr:2}", "lr: 0.1", "lr: 2"), ("deep.c=5", "c:\n    d: text\n", "c: 5\n"),
            ("+new=3", "last: 9\n", "last: 9\nnew: 3\n"),
            ("+deep.x.z=3", "    d: text\n", "    d: text\n  x:\n    z: 3\n"),
            ("~a", "a: 1   # the a\n", ""), ("~deep.c", "  c:\n    d: text\n", ""), ("~train.lr", "lr: 0.1, ", ""),
            ("~train.name", ", name: x", ""), ("~deep.c.d", "c:\n    d: text\n", "c: {}\n"),
            ("a=null", "a: 1 ", "a: null "),
            ("++a=[x]", "a: 1 ", "a: [x] "), ("last=x y", "last: 9", "last: \"x y\""),
        ]
    )
    func `only the parameter changes in YAML`(typed: String, old: String, new: String) throws {
        let change = try Sweep([typed]).combinations[0]
        let texts = try ParameterEditor.texts(after: change) { _ in Self.yaml }
        #expect(texts.first?.text == Self.yaml.replacing(old, with: new, maxReplacements: 1))
    }

    @Test(
        arguments: [
            ("b=1", "a", "+b=1"), ("+a=2", "a", "without the `+`"), ("~b", "a", nil), ("a.b=1", "a", "+a.b=1"),
            ("last2=1", "last", "last"),
        ]
    )
    func `what the file has not is told, with what to type`(typed: String, key: String, next: String?) throws {
        let change = try Sweep([typed]).combinations[0]
        let error = #expect(throws: PipelinesError.self) {
            try ParameterEditor.texts(after: change) { _ in "a: 1\nlast: 2\n" }
        }
        #expect(error?.code == .unknownParameter)
        if let next { #expect(error?.next?.contains(next) == true) }
    }

    @Test func `JSON and TOML keep their shape`() throws {
        let changes = try Sweep([
            "p.json:b.c=[1,x]", "p.json:+n=null", "p.toml:t.k=2.5", "p.toml:+t.z=true", "p.toml:~u",
        ])
        let files = [
            "p.json": "{\n  \"a\": 1,\n  \"b\": {\n    \"c\": 0\n  }\n}\n",
            "p.toml": "u = 1\n# of t\n[t]\nk = 1  # the k\n\n[v]\nk = 3\n",
        ]
        let texts = try ParameterEditor.texts(after: changes.combinations[0]) { files[$0] }
        let json = "{\n  \"a\": 1,\n  \"b\": {\n    \"c\": [\n      1,\n      \"x\"\n    ]\n  },\n  \"n\": null\n}\n"
        #expect(texts.first { $0.file == "p.json" }?.text == json)
        let toml = "# of t\n[t]\nk = 2.5  # the k\nz = true\n\n[v]\nk = 3\n"
        #expect(texts.first { $0.file == "p.toml" }?.text == toml)
    }
}
