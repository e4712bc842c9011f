package import ProcessTreeMessagePack
package import ProcessTreeWire

/// The first frame in both directions.
package struct DeskHello: WireRecord, Hashable, Sendable {
  package let major: Int
  package let minor: Int

  /// What this build speaks.
  package static let current = Self(major: 1, minor: 1)

  package init(major: Int, minor: Int) {
    self.major = major
    self.minor = minor
  }

  package init(fields: inout WireFields) throws {
    self.init(major: try fields.next(), minor: try fields.next())
  }

  package func pack(into writer: inout MessagePackWriter) {
    WireFields.pack(into: &writer, major, minor)
  }
}

/// What a client of the desk requests; the number is the client's, and comes back with each answer.
package struct DeskRequest: WireRecord, Hashable, Sendable {
  package enum Purpose: Hashable, Sendable {
    /// All nodes, each explained.
    case tree
    /// One node, with the stacks of its threads if they are wanted.
    case explain(String, stacks: Bool)
    case operate(String, NodeOperation)
    /// The stop of the whole run, within a time in milliseconds if there is one.
    case stopRun(within: Int?, reason: String)
    /// What nodes have written lately, at most so many lines, and what they will write if it is
    /// followed; of the nodes for which patterns stand, of all without any.
    case output(of: [String], lines: Int?, follows: Bool)
    case status
    /// All that nodes have written, as far as it is kept, and what they will write if it is
    /// followed: the answer `past` gives the part of it that is in files. A root of version 1.0
    /// does not know it.
    case allOutput(of: [String], follows: Bool)
    /// The end of the run, and which nodes did not end when they were asked.
    case end
  }

  /// The most patterns of a request.
  private static let mostPatterns = 256

  package let number: UInt64
  package let purpose: Purpose

  package init(_ number: UInt64, _ purpose: Purpose) {
    self.number = number
    self.purpose = purpose
  }

  package init(fields: inout WireFields) throws {
    number = try fields.next()
    let kind: Int = try fields.next()
    purpose =
      switch kind {
      case 1: .tree
      case 2: .explain(try fields.next(), stacks: try fields.next())
      case 3: .operate(try fields.next(), try fields.next())
      case 4:
        .stopRun(
          within: (try fields.next() as Int?).map { max(0, $0) },
          reason: (try fields.next() as String).limited(to: WireLimits.message))
      case 5:
        .output(
          of: Array((try fields.next() as [String]).prefix(Self.mostPatterns)),
          lines: (try fields.next() as Int?).map { max(0, $0) }, follows: try fields.next())
      case 6: .status
      case 7: .end
      case 8:
        .allOutput(
          of: Array((try fields.next() as [String]).prefix(Self.mostPatterns)),
          follows: try fields.next())
      default: throw WireError("no request has the number \(kind)")
      }
  }

  package func pack(into writer: inout MessagePackWriter) {
    switch purpose {
    case .tree: WireFields.pack(into: &writer, number, 1)
    case .explain(let address, let stacks):
      WireFields.pack(into: &writer, number, 2, address, stacks)
    case .operate(let address, let operation):
      WireFields.pack(into: &writer, number, 3, address, operation)
    case .stopRun(let milliseconds, let reason):
      WireFields.pack(
        into: &writer, number, 4, milliseconds, reason.limited(to: WireLimits.message))
    case .output(let patterns, let lines, let follows):
      WireFields.pack(
        into: &writer, number, 5, Array(patterns.prefix(Self.mostPatterns)), lines, follows)
    case .status: WireFields.pack(into: &writer, number, 6)
    case .end: WireFields.pack(into: &writer, number, 7)
    case .allOutput(let patterns, let follows):
      WireFields.pack(
        into: &writer, number, 8, Array(patterns.prefix(Self.mostPatterns)), follows)
    }
  }
}

/// An answer to a request: any number of items, then one that ends it.
package struct DeskAnswer: WireRecord, Sendable {
  package enum Failure: Int, Hashable, Sendable {
    case noSuchNode = 1
    case unreachable = 2
    case tooMany = 3
    case notPermitted = 4
    case deadlinePassed = 5
    case outOfRange = 6
  }

  package enum Content: Sendable {
    case node(NodeExplanation)
    case result(OperationResult)
    /// The request has been carried out.
    case done
    case failed(Failure, String)
    case output(RunOutput)
    /// So many bytes of output were left out here, because the client did not take them.
    case dropped(Int)
    case status(RunStatus)
    /// The pieces up to this number are in the files of the run's directory; pieces that are in no
    /// file have been sent before.
    case past(UInt64)
  }

  package let number: UInt64
  package let content: Content

  package init(_ number: UInt64, _ content: Content) {
    self.number = number
    self.content = content
  }

  package init(fields: inout WireFields) throws {
    number = try fields.next()
    let kind: Int = try fields.next()
    switch kind {
    case 1: content = .node(try fields.next())
    case 2: content = .result(try fields.next())
    case 3: content = .done
    case 4:
      let code: Int = try fields.next()
      guard let failure = Failure(rawValue: code) else {
        throw WireError("no failure has the number \(code)")
      }
      content = .failed(failure, try fields.next())
    case 5: content = .output(try fields.next())
    case 6: content = .dropped(max(0, try fields.next()))
    case 7: content = .status(try fields.next())
    case 8: content = .past(try fields.next())
    default: throw WireError("no answer has the number \(kind)")
    }
  }

  package func pack(into writer: inout MessagePackWriter) {
    switch content {
    case .node(let explanation): WireFields.pack(into: &writer, number, 1, explanation)
    case .result(let result): WireFields.pack(into: &writer, number, 2, result)
    case .done: WireFields.pack(into: &writer, number, 3)
    case .failed(let failure, let text):
      WireFields.pack(
        into: &writer, number, 4, failure.rawValue, text.limited(to: WireLimits.message))
    case .output(let output): WireFields.pack(into: &writer, number, 5, output)
    case .dropped(let count): WireFields.pack(into: &writer, number, 6, count)
    case .status(let status): WireFields.pack(into: &writer, number, 7, status)
    case .past(let last): WireFields.pack(into: &writer, number, 8, last)
    }
  }
}

extension DeskAnswer.Content {
  /// What follows from the answer to a question about an address.
  init(_ answer: AddressAnswer) {
    switch answer {
    case .explained(let explanation): self = .node(explanation)
    case .operated(let result): self = .result(result)
    case .failed(let failure, let text):
      self = .failed(DeskAnswer.Failure(rawValue: failure.rawValue) ?? .unreachable, text)
    case .mailbox, .monitored: self = .failed(.unreachable, "The node gave another answer.")
    }
  }
}
