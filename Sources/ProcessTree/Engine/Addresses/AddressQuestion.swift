internal import ProcessTreeMessagePack
internal import ProcessTreeWire

/// A question about the node at an address, on its way through the tree.
struct AddressQuestion: WireRecord, Equatable {
  enum Purpose: Equatable {
    /// Where the mailbox for items of a type is, for an end of one side: receivers are the node's
    /// own.
    case mailbox(ChannelSpecification.Kind, type: String, ChannelSide)
    /// Requests the changes of the node's life, which go to this encoded sender.
    case monitor([UInt8])
    /// What the node waits for; the time that its loop has to answer, in milliseconds, and whether
    /// the stacks of its threads are wanted.
    case explain(within: Int, stacks: Bool)
    /// Requests the node that owns the child at the address to do something to it.
    case operate(NodeOperation)
  }

  /// From the root down on its way up; from the reader down on its way down.
  var address: NodeAddress
  let purpose: Purpose

  init(_ address: NodeAddress, _ purpose: Purpose) {
    self.address = address
    self.purpose = purpose
  }

  init(fields: inout WireFields) throws {
    let text: String = try fields.next()
    guard let address = NodeAddress(text) else {
      throw WireError("\(text.quotation.debugDescription) is no address")
    }
    let number: Int = try fields.next()
    let purpose: Purpose =
      switch number {
      case 1: .mailbox(try fields.next(), type: try fields.next(), try fields.next())
      case 2: .monitor((try fields.next() as WireBytes).bytes)
      case 3: .explain(within: max(0, try fields.next()), stacks: try fields.next())
      case 4: .operate(try fields.next())
      default: throw WireError("no question about an address has the number \(number)")
      }
    self.init(address, purpose)
  }

  func pack(into writer: inout MessagePackWriter) {
    switch purpose {
    case .mailbox(let kind, let type, let side):
      WireFields.pack(into: &writer, address.description, 1, kind, type, side)
    case .monitor(let sender):
      WireFields.pack(into: &writer, address.description, 2, WireBytes(sender))
    case .explain(let milliseconds, let stacks):
      WireFields.pack(into: &writer, address.description, 3, milliseconds, stacks)
    case .operate(let operation):
      WireFields.pack(into: &writer, address.description, 4, operation)
    }
  }
}

/// The answer to a question about an address.
enum AddressAnswer: WireRecord, Equatable {
  enum Failure: Int, Equatable {
    case noSuchNode = 1
    case unreachable = 2
    case queueFull = 3
    case notPermitted = 4
    case deadlinePassed = 5
    case outOfRange = 6
  }

  /// The channel of the mailbox, of which the node that asked may make ends of one side with the
  /// key.
  case mailbox(ChannelID, ChannelSpecification, key: UInt64)
  /// The changes will come, the present state first.
  case monitored
  case failed(Failure, String)
  case explained(NodeExplanation)
  case operated(OperationResult)

  init(fields: inout WireFields) throws {
    let number: Int = try fields.next()
    switch number {
    case 1: self = .mailbox(try fields.next(), try fields.next(), key: try fields.next())
    case 2: self = .monitored
    case 3:
      let code: Int = try fields.next()
      guard let failure = Failure(rawValue: code) else {
        throw WireError("no failure of a search has the number \(code)")
      }
      self = .failed(failure, try fields.next())
    case 4: self = .explained(try fields.next())
    case 5: self = .operated(try fields.next())
    default: throw WireError("no answer about an address has the number \(number)")
    }
  }

  func pack(into writer: inout MessagePackWriter) {
    switch self {
    case .mailbox(let channel, let specification, let key):
      WireFields.pack(into: &writer, 1, channel, specification, key)
    case .monitored: WireFields.pack(into: &writer, 2)
    case .failed(let failure, let text):
      WireFields.pack(into: &writer, 3, failure.rawValue, text.limited(to: WireLimits.message))
    case .explained(let explanation): WireFields.pack(into: &writer, 4, explanation)
    case .operated(let result): WireFields.pack(into: &writer, 5, result)
    }
  }
}

extension ProcessTreeError {
  init(search failure: AddressAnswer.Failure, _ text: String) {
    let code: Code =
      switch failure {
      case .noSuchNode: .noSuchNode
      case .unreachable, .notPermitted, .outOfRange: .unreachable
      case .queueFull: .queueFull
      case .deadlinePassed: .deadlinePassed
      }
    self.init(code, text)
  }
}
