// SPDX-License-Identifier: Apache-2.0

/// Who may have a delivery under way, so that a webhook that hangs or fails does not hold up the others.
///
/// A webhook may have all slots but two. One whose last attempt failed has one, and all of those together have half.
struct DeliverySlots: Sendable {
    /// How many deliveries are under way at once.
    let count: Int
    private var underWay: [Int64: String] = [:]
    private var failing: Set<String> = []

    init(count: Int) { self.count = max(1, count) }

    /// How many slots are free.
    var free: Int { count - underWay.count }
    /// The deliveries that are under way.
    var numbers: [Int64] { Array(underWay.keys) }

    /// The webhooks that may not have another slot now.
    var closed: [String] {
        let known = Set(underWay.values).union(failing)
        return known.filter { !isOpen(to: $0) }
    }

    /// Whether a webhook may have another slot.
    func isOpen(to webhook: String) -> Bool {
        guard free > 0 else { return false }
        let own = underWay.values.count { $0 == webhook }
        guard failing.contains(webhook) else { return own < max(1, count - 2) }
        return own == 0 && underWay.values.count { failing.contains($0) } < max(1, count / 2)
    }

    /// A delivery is under way.
    mutating func take(_ number: Int64, of webhook: String) { underWay[number] = webhook }

    /// A delivery is no longer under way.
    ///
    /// `isHealthy` says whether the webhook's receiver answered as it should; nil if that is not known.
    mutating func release(_ number: Int64, isHealthy: Bool?) {
        guard let webhook = underWay.removeValue(forKey: number), let isHealthy else { return }
        if isHealthy { failing.remove(webhook) } else { failing.insert(webhook) }
    }
}
