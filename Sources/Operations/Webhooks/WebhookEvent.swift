// SPDX-License-Identifier: Apache-2.0

/// What a webhook can be told of: MLflow's events, and beyond them those of runs.
///
/// Raw values are `entity.action` as MLflow's client writes them.
package enum WebhookEvent: String, Sendable, Hashable, CaseIterable {
    /// A model was registered.
    case registeredModelCreated = "registered_model.created"
    /// A version was made.
    case modelVersionCreated = "model_version.created"
    /// A tag of a version was set.
    case modelVersionTagSet = "model_version_tag.set"
    /// A tag of a version was removed.
    case modelVersionTagDeleted = "model_version_tag.deleted"
    /// An alias was pointed to a version.
    case modelVersionAliasCreated = "model_version_alias.created"
    /// An alias was removed.
    case modelVersionAliasDeleted = "model_version_alias.deleted"

    // What MLflow tells of prompts and budgets may be subscribed to, as there; nothing here causes it.

    /// MLflow's event about prompts.
    case promptCreated = "prompt.created"
    /// MLflow's event about prompts.
    case promptVersionCreated = "prompt_version.created"
    /// MLflow's event about prompts.
    case promptTagSet = "prompt_tag.set"
    /// MLflow's event about prompts.
    case promptTagDeleted = "prompt_tag.deleted"
    /// MLflow's event about prompts.
    case promptVersionTagSet = "prompt_version_tag.set"
    /// MLflow's event about prompts.
    case promptVersionTagDeleted = "prompt_version_tag.deleted"
    /// MLflow's event about prompts.
    case promptAliasCreated = "prompt_alias.created"
    /// MLflow's event about prompts.
    case promptAliasDeleted = "prompt_alias.deleted"
    /// MLflow's event about the budget of its gateway.
    case budgetPolicyExceeded = "budget_policy.exceeded"

    /// A run began.
    case runCreated = "run.created"
    /// A run came to its end.
    case runFinished = "run.finished"
    /// A run ended with an error, or was killed.
    case runFailed = "run.failed"

    /// The entities in the order of MLflow's numbers, from 1; `run` has none there.
    package static let entities = [
        "registered_model", "model_version", "model_version_tag", "model_version_alias", "prompt", "prompt_version",
        "prompt_tag", "prompt_version_tag", "prompt_alias", "budget_policy",
    ]
    /// The actions in the order of MLflow's numbers, from 1.
    package static let actions = ["created", "updated", "deleted", "set", "exceeded"]

    /// What it happened to, such as `model_version`.
    package var entity: String { String(rawValue.prefix { $0 != "." }) }
    /// What happened, such as `created`.
    package var action: String { String(rawValue.drop { $0 != "." }.dropFirst()) }
    /// Whether it is about runs, which MLflow's clients know nothing of.
    package var isOfRuns: Bool { entity == "run" }

    /// The event of an entity and an action.
    ///
    /// - Throws: ``WebhookError`` `.invalidParameter`, which names what the entity can do.
    package init(entity: String, action: String) throws(WebhookError) {
        if let event = Self(rawValue: "\(entity).\(action)") {
            self = event
            return
        }
        let actions = Self.allCases.filter { $0.entity == entity }.map(\.action)
        let why =
            actions.isEmpty
            ? "`\(entity.prefix(50))` is none of \(Self.entities.joined(separator: ", ")), run"
            : "`\(entity)` has \(actions.joined(separator: ", ")), not `\(action.prefix(50))`"
        throw WebhookError(.invalidParameter, what: "cannot subscribe to that event", why: why)
    }
}

extension WebhookEvent: Comparable {
    /// By name.
    package static func < (left: WebhookEvent, right: WebhookEvent) -> Bool { left.rawValue < right.rawValue }
}
