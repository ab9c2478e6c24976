// SPDX-License-Identifier: Apache-2.0

package import Glibc
package import SystemPackage

/// A process with all that it started, measured from outside.
package struct Child {
    /// What a finished process took.
    package struct Cost {
        /// Start to end, seconds.
        package let wall: Double
        /// Time in programs, of it and of what it waited for, seconds.
        package let user: Double
        /// Time in the kernel, of it and of what it waited for, seconds.
        package let system: Double
        /// The most memory that one of them had resident, bytes.
        package let peak: Int

        /// User and system time, seconds.
        package var cpu: Double { user + system }
    }

    /// A moment of a process tree.
    package struct Footprint {
        /// Processes.
        package let processes: Int
        /// Resident memory summed over them, bytes; pages that several share count for each.
        package let resident: Int
        /// Memory summed with shared pages divided among their users, bytes.
        package let proportional: Int
        /// CPU time so far, seconds.
        package let cpu: Double
    }

    /// Its id.
    package let process: pid_t
    /// When it was started.
    package let started: ContinuousClock.Instant

    /// Starts a program in a process group of its own, without input; its output goes to a file.
    package init(
        _ program: FilePath,
        _ arguments: [String],
        in folder: FilePath,
        environment: [String] = [],
        log: FilePath
    ) throws {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_addopen(&actions, 1, log.string, O_WRONLY | O_CREAT | O_TRUNC, 0o600)
        posix_spawn_file_actions_adddup2(&actions, 1, 2)
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETPGROUP))
        let words = ([program.string] + arguments).map { strdup($0) } + [nil]
        let inherited = Self.environment.filter { entry in
            !environment.contains { $0.prefix { $0 != "=" } == entry.prefix { $0 != "=" } }
        }
        let variables = (inherited + environment).map { strdup($0) } + [nil]
        defer { for text in words + variables { free(text) } }
        // Nothing else of the benchmark uses relative paths, so its own folder may be that of the child.
        guard chdir(folder.string) == 0 else { throw Problem("no folder \(folder)") }
        var process: pid_t = 0
        started = .now
        let status = posix_spawn(&process, program.string, &actions, &attributes, words, variables)
        guard status == 0 else { throw Problem("cannot start \(program): \(Errno(rawValue: status))") }
        self.process = process
    }

    /// Waits for its end.
    package func end() throws -> (cost: Cost, code: Int32) {
        var status: Int32 = 0
        var usage = rusage()
        while wait4(process, &status, 0, &usage) < 0 {
            guard errno == EINTR else { throw Problem("cannot wait for process \(process)") }
        }
        let wall = (ContinuousClock.now - started) / .seconds(1)
        func seconds(_ time: timeval) -> Double { Double(time.tv_sec) + Double(time.tv_usec) / 1e6 }
        let code: Int32 = status & 0x7f == 0 ? (status >> 8) & 0xff : -1
        let cost = Cost(
            wall: wall,
            user: seconds(usage.ru_utime),
            system: seconds(usage.ru_stime),
            peak: usage.ru_maxrss << 10
        )
        return (cost, code)
    }

    /// Asks it to stop, and waits ten seconds; ends by force what is left of it and of its descendants.
    package func stop() throws {
        let descendants = Self.tree(of: process).members.subtracting([process])
        kill(process, SIGTERM)
        var isGone = false
        for _ in 0..<1_000 where !isGone {
            isGone = waitpid(process, nil, WNOHANG) == process
            if !isGone { usleep(10_000) }
        }
        for member in descendants { kill(member, SIGKILL) }
        guard !isGone else { return }
        kill(process, SIGKILL)
        waitpid(process, nil, 0)
    }

    /// It and its descendants now.
    package func footprint() -> Footprint {
        let (members, ticks) = Self.tree(of: process)
        var (resident, proportional, time) = (0, 0, 0)
        for member in members {
            let rollup = Self.text("/proc/\(member)/smaps_rollup")
            resident += Self.kilobytes("Rss:", rollup)
            proportional += Self.kilobytes("Pss:", rollup)
            time += ticks[member] ?? 0
        }
        return Footprint(
            processes: members.count,
            resident: resident << 10,
            proportional: proportional << 10,
            cpu: Double(time) / Double(sysconf(Int32(_SC_CLK_TCK)))
        )
    }

    // MARK: /proc

    /// A process and all below it, with the clock ticks that each has used.
    private static func tree(of process: pid_t) -> (members: Set<pid_t>, ticks: [pid_t: Int]) {
        var parents: [pid_t: pid_t] = [:]
        var ticks: [pid_t: Int] = [:]
        for name in processes() {
            guard let fields = statistics(of: name) else { continue }
            parents[name] = pid_t(fields[1]) ?? 0
            // utime, stime, and those of children that ended (proc(5), counted from the state).
            ticks[name] = fields[11...14].reduce(0) { $0 + (Int($1) ?? 0) }
        }
        var members: Set<pid_t> = [process]
        var grew = true
        while grew {
            let found = parents.filter { members.contains($0.value) && !members.contains($0.key) }.keys
            members.formUnion(found)
            grew = !found.isEmpty
        }
        return (members, ticks)
    }

    private static func processes() -> [pid_t] {
        guard let folder = opendir("/proc") else { return [] }
        defer { closedir(folder) }
        var result: [pid_t] = []
        while let entry = readdir(folder) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if let number = pid_t(name) { result.append(number) }
        }
        return result
    }

    /// The fields of `/proc/N/stat` from the state on; nil if the process is gone.
    private static func statistics(of process: pid_t) -> [Substring]? {
        let text = text("/proc/\(process)/stat")
        guard let end = text.lastIndex(of: ")") else { return nil }
        let fields = text[text.index(after: end)...].split(separator: " ")
        return fields.count > 14 ? fields : nil
    }

    private static func kilobytes(_ name: String, _ text: String) -> Int {
        let line = text.split(separator: "\n").first { $0.hasPrefix(name) } ?? ""
        return line.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0
    }

    /// A file as text; empty if it cannot be read.
    package static func text(_ path: String) -> String {
        guard let file = fopen(path, "r") else { return "" }
        defer { fclose(file) }
        var bytes: [UInt8] = []
        var buffer: [UInt8] = Array(repeating: 0, count: 1 << 16)
        while case let count = fread(&buffer, 1, buffer.count, file), count > 0 { bytes += buffer[..<count] }
        return String(decoding: bytes, as: UTF8.self)
    }

    private static var environment: [String] {
        var result: [String] = []
        var entry = environ
        while let text = entry.pointee {
            result.append(String(cString: text))
            entry += 1
        }
        return result
    }
}
