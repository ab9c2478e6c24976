// SPDX-License-Identifier: Apache-2.0

/// A model that answers requests.
package struct ServiceCard: Sendable {
    /// The registered model.
    package var model: String
    /// The version that answers; nil if none is live.
    package var version: String?
    /// The run that made the version.
    package var runID: String?
    /// Whether it takes requests now.
    package var isReady: Bool
    /// Where requests go, a whole URL.
    package var address: String?
    /// A body that the address would accept; nil hides the example.
    package var exampleBody: String?
    /// When the version went live.
    package var sinceMs: Int64?
    /// Requests answered since the start.
    package var requestCount: Int?
    /// Half of the requests took at most this, in milliseconds.
    package var medianMilliseconds: Double?
    /// 99 % of the requests took at most this, in milliseconds.
    package var p99Milliseconds: Double?
    /// Predictions that the log had to leave out.
    package var droppedCount: Int?
    /// Share of features that drifted from the reference, 0 to 1.
    package var driftShare: Double?

    /// A service.
    package init(
        model: String,
        version: String? = nil,
        runID: String? = nil,
        isReady: Bool = false,
        address: String? = nil,
        exampleBody: String? = nil,
        sinceMs: Int64? = nil,
        requestCount: Int? = nil,
        medianMilliseconds: Double? = nil,
        p99Milliseconds: Double? = nil,
        droppedCount: Int? = nil,
        driftShare: Double? = nil
    ) {
        self.model = model
        self.version = version
        self.runID = runID
        self.isReady = isReady
        self.address = address
        self.exampleBody = exampleBody
        self.sinceMs = sinceMs
        self.requestCount = requestCount
        self.medianMilliseconds = medianMilliseconds
        self.p99Milliseconds = p99Milliseconds
        self.droppedCount = droppedCount
        self.driftShare = driftShare
    }
}
