// SPDX-License-Identifier: Apache-2.0

import Testing

/// Large contents that go as chunks because `gyre.yaml` says so.
@Suite(.fewAtATime, .timeLimit(.minutes(5)))
struct ChunkedPushTests {
    /// A table of 12 MB, and one with a row more in its middle.
    private static let tables = """
        awk 'BEGIN { srand(7); for (n = 0; n < 400000; n++) printf "%d,%d,%d\\n", n, rand() * 1e9, rand() * 1e9 }' > big
        awk 'NR == 200000 { print "one more row" } { print }' big > edited
        """

    private func inProject(_ body: (Program) async throws -> Void) async throws {
        try await Program.inEmptyFolder { gyre in
            let answer = try await gyre.shell(
                """
                set -e
                git init -q -b main; git config user.name T; git config user.email t@localhost
                mkdir -p .dvc data
                printf '[core]\\n    remote = store\\n[%s]\\n    url = ../store\\n' "'remote \\"store\\"'" > .dvc/config
                printf '/tmp\\n/cache\\n' > .dvc/.gitignore
                printf 'store\\naside\\nbig\\nedited\\nsaid\\n' > .gitignore
                printf 'project: p\\ndata:\\n  chunking: true\\n' > gyre.yaml
                \(Self.tables)
                echo small > data/small; cp big data/big
                "$GYRE" add -q data
                """
            )
            try #require(answer.code == 0, "\(answer.error)")
            try await body(gyre)
        }
    }

    /// Names objects, chunks and manifests of the store that have other bytes than they should.
    private static let check = """
        cd store 2>/dev/null || exit 0
        mkdir -p files/md5 files/chunks files/manifests
        find files/md5 -type f -exec md5sum {} + | awk '{
          name = $2; sub("files/md5/", "", name); sub("/", "", name); sub("[.]dir$", "", name); if (name != $1) print $2 }'
        find files/chunks -type f -exec sha256sum {} + | awk '{
          name = $2; sub("files/chunks/", "", name); sub("/", "", name); if (name != $1) print $2 }'
        find files/chunks -type f -printf '%P %s\\n' | sed 's,/,,' | sort > ../chunks
        find files/manifests -type f -exec grep -hv gyre {} + | sort -u | comm -13 ../chunks -
        find files/md5 files/manifests -type f -printf '%P\\n' | sed 's,/,,' | sort > ../contents
        find files/md5 -name '*.dir' -exec grep -oh '"md5": "[0-9a-f]*"' {} + | cut -c 9-40 | sort -u | comm -13 ../contents -
        """

    @Test func `the switch is that of the project, and a command turns it back`() async throws {
        try await inProject { gyre in
            let first = try await gyre.run("push")
            #expect(first.code == 0)
            #expect(first.output.hasPrefix("3 files pushed\n"))
            #expect(first.error.components("gyre remote unchunk") == 1, "\(first.error)")
            #expect(try await gyre.shell("ls store/files").output == "busy\nchunks\nmanifests\nmd5\n")
            _ = try await gyre.shell("cp edited data/big; \"$GYRE\" add -q data")
            let second = try await gyre.run("push", "--json")
            #expect(second.output.contains(#""pushed":2,"#))
            // Nobody is told of chunks where there are none.
            #expect(try await gyre.run("push").error == "")
            #expect(try await gyre.run("status", "-c").output.contains("in sync"))
            #expect(try await gyre.shell(Self.check).output == "")
            #expect(try await gyre.run("gc", "-w", "-c", "--dry").output.contains("(in chunks)"))
            let removed = try await gyre.run("gc", "-w", "-c", "-f", "--json")
            #expect(removed.output.contains(#""manifests":[""#), "\(removed.output)\(removed.error)")
            #expect(try await gyre.shell(Self.check).output == "")
            _ = try await gyre.shell("rm -rf .dvc/cache data")
            let pulled = try await gyre.run("pull")
            #expect(pulled.code == 0, "\(pulled.error)")
            #expect(try await gyre.shell("cmp edited data/big && cat data/small").output == "small\n")
            // Whoever takes data from here finds chunks too.
            let taken = try await gyre.shell(
                """
                git add -A; git commit -q -m Data; mv .dvc/cache aside; mkdir elsewhere; cd elsewhere
                "$GYRE" get -q .. data/big -o got > ../said; cmp got ../edited; cd ..; rm -rf elsewhere; mv aside .dvc/cache
                """
            )
            #expect(taken.output + taken.error == "")
            let turned = try await gyre.run("remote", "unchunk", "--json")
            #expect(turned.output.hasPrefix(#"{"contents":1,"#), "\(turned.output)\(turned.error)")
            #expect(try await gyre.shell("find store -type f | grep -v files/md5").output == "")
            #expect(try await gyre.shell(Self.check).output == "")
        }
    }

    @Test(arguments: ["push", "pull"])
    func `killed at any moment and run again, all is whole`(verb: String) async throws {
        try await inProject { gyre in
            _ = try await gyre.shell(
                "for n in 1 2 3 4 5; do sed \"s/^$n/x$n,/\" big > data/$n; done; \"$GYRE\" add -q data"
            )
            if verb == "pull" { _ = try await gyre.shell("\"$GYRE\" push -q; rm -rf .dvc/cache data") }
            for pause in ["0.1", "0.25", "0.5", "0.8"] {
                _ = try await gyre.shell(
                    "\"$GYRE\" \(verb) -q & process=$!; sleep \(pause); kill -9 $process; wait $process 2>/dev/null; true"
                )
                #expect(try await gyre.shell(Self.check).output == "")
                let damaged = """
                    find .dvc/cache/files/md5 -type f 2>/dev/null | while read -r file; do
                      name=$(basename "$(dirname "$file")")$(basename "$file" .dir)
                      [ "$(md5sum < "$file" | cut -c 1-32)" = "$name" ] || echo "$file"
                    done
                    """
                #expect(try await gyre.shell(damaged).output == "")
            }
            let last = try await gyre.run(verb)
            #expect(last.code == 0, "\(last.error)")
            #expect(try await gyre.run("status", "-c").output.contains("in sync"))
            #expect(try await gyre.shell(Self.check).output == "")
            _ = try await gyre.shell("rm -rf .dvc/cache data")
            #expect(try await gyre.run("pull").code == 0)
            #expect(
                try await gyre.shell("cmp big data/big; sed 's/^3/x3,/' big | cmp - data/3; ls data | wc -l").output
                    == "7\n"
            )
        }
    }

    @Test func `a switch that is none is told with its place`() async throws {
        try await inProject { gyre in
            _ = try await gyre.shell("printf 'data:\\n  chunking: maybe\\n  chunks: 1\\n' > gyre.yaml")
            let answer = try await gyre.run("push")
            #expect(answer.code == 1)
            #expect(answer.error.contains("gyre.yaml:2") && answer.error.contains("chunks"), "\(answer.error)")
        }
    }
}

extension String {
    /// How often a text is in it.
    fileprivate func components(_ text: String) -> Int {
        var (rest, count) = (self[...], 0)
        while let range = rest.firstRange(of: text) {
            count += 1
            rest = rest[range.upperBound...]
        }
        return count
    }
}
