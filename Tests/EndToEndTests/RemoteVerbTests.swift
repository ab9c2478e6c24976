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
                printf '[core]\\n    remote = store\\n[\\'remote "store"\\']\\n    url = ../store\\n' > .dvc/config
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

    @Test(arguments: ["push", "pull"])
    func `killed at any moment and run again, all is whole`(verb: String) async throws {
        try await inSharedProject { gyre in
            let many = "for n in $(seq 1 2000); do echo \"number $n\" > data/$n; done; \"$GYRE\" add -q data"
            _ = try await gyre.shell(many)
            if verb == "pull" { _ = try await gyre.shell("\"$GYRE\" push -q --data-only; rm -rf .dvc/cache data") }
            for pause in ["0.02", "0.05", "0.1", "0.2"] {
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
            let last = try await gyre.run(verb == "push" ? ["push", "--data-only"] : ["pull"])
            #expect(last.code == 0, "\(last.error)")
            #expect(try await gyre.run("status", "-c").output.contains("in sync"))
            #expect(try await gyre.shell("ls data | wc -l; cat data/1234").output == "2000\nnumber 1234\n")
        }
    }
}
