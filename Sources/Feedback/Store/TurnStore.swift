// SPDX-License-Identifier: Apache-2.0

import Database

/// The statements about turns of the loop.
enum TurnStore {
    private static let columns =
        "number, state, started_ms, ended_ms, errors, branch, data_version, commit_id, run_id, version, note"

    /// Begins a turn with the next number, beyond `taken` in any case; its branch is built from it.
    static func begin(startedMs: Int64, beyond taken: Int, in writer: SQLWriter) throws -> Turn {
        let last = Int(try writer.row("SELECT coalesce(max(number), 0) FROM feedback_turns")?.int64(0) ?? 0)
        let number = max(last, taken) + 1
        let turn = Turn(
            id: number,
            state: .running,
            startedMs: startedMs,
            errors: 0,
            branch: "\(Turn.branchPrefix)\(number)",
            note: ""
        )
        try writer.execute(
            """
            INSERT INTO feedback_turns (number, state, started_ms, errors, branch, note)
            VALUES (\(number), \(turn.state.rawValue), \(startedMs), 0, \(turn.branch), '')
            """
        )
        return turn
    }

    /// Writes what a turn has reached.
    static func update(_ turn: Turn, in writer: SQLWriter) throws {
        try writer.execute(
            """
            UPDATE feedback_turns
            SET state = \(turn.state.rawValue), ended_ms = \(turn.endedMs), errors = \(turn.errors),
                data_version = \(turn.dataVersion), commit_id = \(turn.commit), run_id = \(turn.runID),
                version = \(turn.version), note = \(turn.note)
            WHERE number = \(turn.id)
            """
        )
    }

    /// Marks turns that a dead process left running.
    static func closeAbandoned(endedMs: Int64, in writer: SQLWriter) throws {
        try writer.execute(
            """
            UPDATE feedback_turns
            SET state = 'interrupted', ended_ms = \(endedMs), note = 'the process ended in the middle'
            WHERE state = 'running'
            """
        )
    }

    /// The newest turns first, at most `limit`.
    static func turns(limit: Int, in reader: SQLReader) throws -> [Turn] {
        let sql: SQL = "SELECT \(raw: columns) FROM feedback_turns ORDER BY number DESC LIMIT \(limit)"
        return try reader.rows(sql).map { row in
            Turn(
                id: Int(row.int64(0)),
                state: Turn.State(rawValue: row.string(1)) ?? .failed,
                startedMs: row.int64(2),
                endedMs: row.optionalInt64(3),
                errors: Int(row.int64(4)),
                branch: row.string(5),
                dataVersion: row.optionalString(6),
                commit: row.optionalString(7),
                runID: row.optionalString(8),
                version: row.optionalString(9),
                note: row.string(10)
            )
        }
    }

    /// Errors with a truth gathered since the last turn that ran to its end, and held by no data version.
    static func freshErrors(model: String, in reader: SQLReader) throws -> Int {
        let sql: SQL = """
            SELECT count(*)
            FROM feedback_errors
            WHERE data_version IS NULL AND model = \(model) AND truth IS NOT NULL AND kind <> 'complaint'
              AND gathered_ms > coalesce(
                  (SELECT max(started_ms) FROM feedback_turns WHERE state NOT IN ('running', 'interrupted')), -1
              )
            """
        return Int(try reader.row(sql)?.int64(0) ?? 0)
    }
}
