// SPDX-License-Identifier: Apache-2.0

/// The begin or end of a run, with the run as it is then.
package enum RunEvent: Sendable {
    /// It was made.
    case created(Run)
    /// It finished, failed or was killed, as its status says; once for each time that it came to that.
    case ended(Run)
}

extension RunStatus {
    /// Whether the run is over.
    var isEnd: Bool {
        switch self {
        case .running, .scheduled: false
        case .finished, .failed, .killed: true
        }
    }
}
