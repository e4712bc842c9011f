/// A Swift program of the app, with its arguments.
package struct ProgramPlan: Sendable, Codable, Hashable {
  /// The name of its type.
  package var name: String
  /// The map of its arguments; an empty one if there are none.
  package var arguments: Value
  /// The ends of channels among them.
  package var ends: Set<EndPlan> = []
  /// Where the checks of its liveness run.
  package var directory = Scalar("/")
  /// How a stage's inputs and outputs are written as records.
  package var inputForm = RecordForm.bytes
  package var outputForm = RecordForm.bytes
  /// Whether a stage keeps nothing from one input to the next.
  package var isStateless = true
  /// The name of the type of a stage's outputs.
  package var outputType: String?

  /// What the bytes of a record are.
  package enum RecordForm: String, Sendable, Codable {
    /// The value itself.
    case bytes
    /// UTF-8.
    case text
    /// A document of JSON without a line feed.
    case json

    /// The form for values of a type, by its name.
    init(type: String) {
      self =
        switch type {
        case "[UInt8]": .bytes
        case "String": .text
        default: .json
        }
    }
  }
}

/// An end of a channel, by the channel's name.
package struct EndPlan: Sendable, Codable, Hashable {
  package var channel: String
  package var isSending: Bool

  package init(channel: String, isSending: Bool) {
    self.channel = channel
    self.isSending = isSending
  }
}

/// A channel between programs.
package struct ChannelPlan: Sendable, Codable, Hashable {
  package enum Kind: String, Sendable, Codable {
    case work, pipe, broadcast, service
  }

  package enum Overflow: String, Sendable, Codable {
    case suspend, dropOldest, dropNewest, fail
  }

  package var name: String
  package var kind = Kind.work
  package var overflow = Overflow.suspend
  /// How many elements wait at a sender before `overflow` decides.
  package var capacity = 1_000
  /// How many elements of each sender a receiver holds; nil for the standard.
  package var prefetch: Int?
  package var attempts = 3

  init(_ entry: Value.Entry) {
    let value = entry.value
    name = entry.key
    kind = value["kind"]?.text.flatMap(Kind.init) ?? kind
    overflow = value["overflow"]?.text.flatMap(Overflow.init) ?? overflow
    capacity = value["capacity"]?.scalar?.integer ?? capacity
    prefetch = value["prefetch"]?.scalar?.integer
    attempts = value["attempts"]?.scalar?.integer ?? attempts
  }
}
