// SPDX-License-Identifier: Apache-2.0

import Files
import JSONText
import SystemPackage
import Testing

#if canImport(Glibc)
import Glibc
#endif

/// Data on its way between a project, its remote and its git remote.
@Suite(.fewAtATime, .timeLimit(.minutes(5)))
struct RemoteVerbTests {
    /// A project with data in the commit, a remote in a folder, and a bare repository that the branch follows.
    private func inSharedProject(_ body: (Program) async throws -> Void) async throws {
        try await Program.inEmptyFolder { gyre in
            let answer = try await gyre.shell(
                """
                set -e
                git init -q -b main; git config user.name T; git config user.email t@localhost
                git init -q --bare bare; mkdir -p .dvc data; echo bare > .gitignore
                cat > .dvc/config <<'CONFIG'
                [core]
                    remote = store
                ['remote "store"']
                    url = ../store
                CONFIG
                printf '/tmp\\n/cache\\n' > .dvc/.gitignore
                echo store >> .gitignore
                for number in 1 2 3 4 5 6 7 8 9; do echo "content $number" > data/$number; done
                "$GYRE" add -q data
                git add -A; git commit -q -m First
                git remote add origin "$PWD/bare"
                git push -q -u origin main
                """
            )
            try #require(answer.code == 0, "\(answer.error)")
            try await body(gyre)
        }
    }

    @Test func `what is pushed is pulled, and told in numbers`() async throws {
        try await inSharedProject { gyre in
            #expect(try await gyre.run("status", "-c", "--json").output.contains(#""data/1":"new""#))
            #expect(try await gyre.run("push").output == "10 files pushed\n")
            #expect(try await gyre.run("push").output == "Everything is up to date.\n")
            #expect(try await gyre.run("status", "-c").output == "Cache and remote 'store' are in sync.\n")
            _ = try await gyre.shell("rm -rf .dvc/cache data")
            #expect(try await gyre.run("pull").output == "A\tdata/\n10 files fetched and 9 files added\n")
            let again = try await gyre.run("fetch", "--json")
            #expect(again.output == #"{"fetched":0,"bytes":0,"missing":[]}"# + "\n")
            #expect(try await gyre.shell("cat data/7").output == "content 7\n")
        }
    }

    @Test func `a commit goes when its data is there, and not before`() async throws {
        try await inSharedProject { gyre in
            let change = "echo more > data/1; \"$GYRE\" add -q data; git commit -q -a -m Second; rm -rf .dvc/cache"
            _ = try await gyre.shell(change)
            let refused = try await gyre.run("push")
            #expect(refused.code == 3)
            #expect(refused.error.contains("cannot push 1 commit to `origin/main`"))
            #expect(try await gyre.shell("git rev-list --count origin/main").output == "1\n")
            // The data is still in the folder.
            _ = try await gyre.run("add", "-q", "data")
            let pushed = try await gyre.run("push")
            #expect(pushed.code == 0, "\(pushed.error)")
            #expect(pushed.output.contains("1 commit pushed to origin/main"))
            #expect(try await gyre.shell("git rev-list --count origin/main").output == "2\n")
            _ = try await gyre.shell("git commit -q --allow-empty -m Third")
            #expect(try await gyre.run("push", "--data-only").output == "Everything is up to date.\n")
            #expect(try await gyre.shell("git rev-list --count origin/main").output == "2\n")
        }
    }

    @Test func `data of a commit in between goes too`() async throws {
        try await inSharedProject { gyre in
            _ = try await gyre.shell(
                """
                echo between > data/1; "$GYRE" add -q data; git commit -q -a -m Second
                echo last > data/1; "$GYRE" add -q data; git commit -q -a -m Third
                """
            )
            // Both versions of the file and of the listing, and the eight others.
            #expect(try await gyre.run("push").output == "12 files pushed\n2 commits pushed to origin/main\n")
        }
    }

    @Test func `collecting names what is to be kept, and asks`() async throws {
        try await inSharedProject { gyre in
            #expect(try await gyre.run("gc").code == 2)
            _ = try await gyre.shell("echo more > data/1; \"$GYRE\" add -q data")
            let asked = try await gyre.run("gc", "-w")
            #expect(asked.code == 2)
            #expect(asked.error.contains("--force"))
            #expect(try await gyre.run("gc", "-w", "--dry").output.contains("would remove 2 objects"))
            #expect(try await gyre.run("gc", "-w", "-a", "-f").output == "nothing to remove from the cache\n")
            #expect(try await gyre.run("gc", "-w", "-f").output.hasPrefix("removed 2 objects"))
            #expect(try await gyre.run("checkout").code == 0)
        }
    }

    @Test func `a part of a folder is pulled, and put in its place`() async throws {
        try await inSharedProject { gyre in
            _ = try await gyre.shell("\"$GYRE\" push -q --data-only; rm -rf .dvc/cache data")
            // The listing, and the file.
            #expect(try await gyre.run("pull", "data/3").output == "A\tdata/3\n2 files fetched and 1 file added\n")
            #expect(try await gyre.shell("ls data; cat data/3").output == "3\ncontent 3\n")
            _ = try await gyre.shell("rm -rf data")
            #expect(try await gyre.run("checkout", "data/3").output == "A       data/3\n")
            _ = try await gyre.shell("rm -rf data .dvc/cache store")
            let lost = try await gyre.run("pull", "data/3")
            #expect(lost.code == 1)
            #expect(lost.error.contains("cannot restore `data/3`"))
        }
    }

    @Test func `what was imported comes from where it was imported from`() async throws {
        try await inSharedProject { gyre in
            let made = try await gyre.shell(
                """
                set -e
                mkdir -p src/.dvc src/d; cd src; git init -q -b main
                git config user.name T; git config user.email t@localhost
                : > .dvc/config; printf '/tmp\\n/cache\\n' > .dvc/.gitignore
                echo a > d/a; echo b > d/b; echo f > f; "$GYRE" add -q d f; git add -A; git commit -q -m One
                cd ..; echo src >> .gitignore
                "$GYRE" import -q src d --no-download; "$GYRE" import -q src f; "$GYRE" import-url -q src/f u --no-download
                cat d.dvc u.dvc f.dvc > before
                "$GYRE" push -q --data-only; rm -rf .dvc/cache data f
                """
            )
            try #require(made.code == 0, "\(made.error)")
            let pulled = try await gyre.run("pull")
            #expect(pulled.code == 0, "\(pulled.error)")
            #expect(try await gyre.shell("cat d/a d/b f u data/1").output == "a\nb\nf\nf\ncontent 1\n")
            #expect(try await gyre.shell("cat d.dvc u.dvc f.dvc | diff - before").output == "")
            // None of it needs a remote.
            _ = try await gyre.shell("rm -rf .dvc/cache d; \"$GYRE\" remote remove -q store")
            #expect(try await gyre.run("pull", "d").output == "A\td/\n2 files fetched and 2 files added\n")
            // What is there now is not what was written down.
            _ = try await gyre.shell("rm -rf .dvc/cache u; echo g > src/f")
            let changed = try await gyre.run("pull", "u")
            #expect(changed.code == 1)
            #expect(changed.error.contains("gyre update u.dvc"))
        }
    }

    @Test func `a stage takes from the remote what it made elsewhere`() async throws {
        try await inSharedProject { gyre in
            let made = try await gyre.shell(
                """
                set -e
                cat > dvc.yaml <<'STAGES'
                stages:
                  copy: {cmd: "cat in > out; echo ran >> log", deps: [in], outs: [out]}
                  use: {cmd: "cat out data/1 > both; echo ran >> log", deps: [out, data], outs: [both]}
                STAGES
                echo one > in; "$GYRE" add -q in; "$GYRE" repro -q
                "$GYRE" push -q --data-only --run-cache
                echo two > in; "$GYRE" add -q in; "$GYRE" repro -q; "$GYRE" push -q --data-only --run-cache
                rm -rf .dvc/cache out both data in log
                """
            )
            try #require(made.code == 0, "\(made.error)")
            let again = try await gyre.run("repro", "--pull")
            #expect(again.code == 0, "\(again.error)")
            #expect(try await gyre.shell("cat both; ls log 2>/dev/null").output == "two\ncontent 1\n")
            // The inputs of before give the outputs of before.
            let back = try await gyre.shell(
                "echo one > in; \"$GYRE\" add -q in; \"$GYRE\" repro --pull >&2; cat both; ls log"
            )
            #expect(back.output == "one\ncontent 1\n", "\(back.error)")
            // What must run has its inputs pulled.
            let run =
                "sed -i 's/data.1 > both/data\\/2 > both/' dvc.yaml; rm -rf data .dvc/cache; \"$GYRE\" repro --pull >&2"
            let ran = try await gyre.shell("\"$GYRE\" push -q --data-only; \(run); cat both log")
            #expect(ran.output == "one\ncontent 2\nran\n", "\(ran.error)")
        }
    }

    @Test func `a damaged object is found, named and mended from the remote`() async throws {
        try await inSharedProject { gyre in
            _ = try await gyre.shell("\"$GYRE\" push -q --data-only")
            let damage = """
                one=$(echo content 3 | md5sum | cut -c 1-32); object=files/md5/${one%${one#??}}/${one#??}
                damage() { chmod u+w $1/$object; echo other > $1/$object; }
                """
            _ = try await gyre.shell("\(damage)\ndamage .dvc/cache; rm -rf data")
            let refused = try await gyre.run("checkout")
            #expect(refused.code == 1)
            #expect(refused.error.contains("data"))
            let fetched = try await gyre.run("fetch")
            #expect(fetched.output == "1 file fetched\n", "\(fetched.error)")
            #expect(try await gyre.run("checkout").code == 0)
            #expect(try await gyre.shell("cat data/3").output == "content 3\n")
            // Damaged at the remote: nothing of it arrives, and the path is named.
            _ = try await gyre.shell("\(damage)\ndamage store; rm -rf .dvc/cache")
            let rotten = try await gyre.run("fetch")
            #expect(rotten.code == 1)
            #expect(rotten.error.contains("`data/3`"))
            #expect(try await gyre.shell("grep -rl other .dvc/cache").output == "")
            // What is whole is stored again, once the other is out of the way.
            let clear = "rm -f store/$object $(find store -name '*.dir')"
            let mend = "\(clear); \"$GYRE\" add -q data; \"$GYRE\" push --data-only"
            let mended = try await gyre.shell("\(damage)\n\(mend)")
            #expect(mended.output == "2 files pushed\n", "\(mended.error)")
        }
    }

    @Test func `killed at any moment, collecting loses nothing that is named`() async throws {
        try await inSharedProject { gyre in
            let many = """
                for n in $(seq 1 600); do echo "old $n" > data/$n; done; "$GYRE" add -q data
                for n in $(seq 1 600); do echo "new $n" > data/$n; done; "$GYRE" add -q data
                "$GYRE" push -q --data-only
                """
            _ = try await gyre.shell(many)
            for pause in ["0.03", "0.06"] {
                _ = try await gyre.shell(
                    "\"$GYRE\" gc -w -c -f -q & process=$!; sleep \(pause); kill -9 $process; wait $process 2>/dev/null; true"
                )
            }
            #expect(try await gyre.run("gc", "-w", "-c", "-f").code == 0)
            // The files and their listing, here and there.
            let count = "find .dvc/cache/files/md5 -type f | wc -l; find store/files/md5 -type f | wc -l"
            #expect(try await gyre.shell(count).output == "601\n601\n")
            _ = try await gyre.shell("rm -rf data .dvc/cache")
            #expect(try await gyre.run("pull").code == 0)
            #expect(try await gyre.shell("ls data | wc -l; cat data/599").output == "600\nnew 599\n")
        }
    }

    @Test(arguments: ["push", "pull", "fetch"])
    func `killed at any moment and run again, all is whole`(verb: String) async throws {
        try await inSharedProject { gyre in
            let many = "for n in $(seq 1 600); do echo \"number $n\" > data/$n; done; \"$GYRE\" add -q data"
            _ = try await gyre.shell(many)
            if verb != "push" { _ = try await gyre.shell("\"$GYRE\" push -q --data-only; rm -rf .dvc/cache data") }
            for pause in ["0.05", "0.15"] {
                _ = try await gyre.shell(
                    "\"$GYRE\" \(verb) -q & process=$!; sleep \(pause); kill -9 $process; wait $process 2>/dev/null; true"
                )
                // No object has other bytes than its name says, and no file is left over.
                let place = verb == "push" ? "store" : ".dvc/cache"
                let check = """
                    find \(place)/files/md5 -type f 2>/dev/null | while read -r file; do
                      name=$(basename "$(dirname "$file")")$(basename "$file" .dir)
                      [ "$(md5sum < "$file" | cut -c 1-32)" = "$name" ] || echo "$file"
                    done
                    """
                #expect(try await gyre.shell(check).output == "")
            }
            if verb == "fetch" { #expect(try await gyre.run("fetch").code == 0) }
            let last = try await gyre.run(verb == "push" ? ["push", "--data-only"] : ["pull"])
            #expect(last.code == 0, "\(last.error)")
            #expect(try await gyre.run("status", "-c").output.contains("in sync"))
            #expect(try await gyre.shell("ls data | wc -l; cat data/123").output == "600\nnumber 123\n")
        }
    }
}
