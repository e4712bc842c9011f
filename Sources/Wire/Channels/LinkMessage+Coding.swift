internal import ProcessTreeMessagePack

extension LinkMessage {
  /// The first element of each message; numbers are part of the protocol and never reused.
  private enum Kind: Int, WireField {
    case minted = 1
    case arrive = 2
    case claim = 3
    case revoke = 4
    case release = 5
    case introduce = 16
    case expecting = 17
    case receiversGone = 18
    case ended = 19
    case refused = 20
    case open = 32
    case recall = 33
    case missed = 34
    case cancel = 35
    case offer = 36
    case close = 37
    case ring = 38
    case ringFollows = 39
    case accept = 48
    case returned = 49
    case leave = 50
    case mapped = 51
    case free = 52
    case drain = 53
    case ringFound = 54
    case subscribe = 55
    case waiting = 64

    static func read(from reader: inout MessagePackReader) throws -> Kind {
      let number = try reader.readInt()
      guard let kind = Kind(rawValue: number) else {
        throw WireError("no message of a link has the number \(number)")
      }
      return kind
    }

    func pack(into writer: inout MessagePackWriter) { writer.pack(rawValue) }
  }

  /// The frames that carry the message, one if it fits; the link numbers them.
  ///
  /// A list that is too long for one message goes in several, which mean the same; texts are cut.
  package func frames() -> [[UInt8]] {
    let body = body()
    guard body.count > WireLimits.record else {
      return [FlowHeader(kind: .control).frame(body: body)]
    }
    switch self {
    case .revoke(let channel, let tickets) where tickets.count > 1:
      return Self.halves(of: tickets).flatMap { Self.revoke(channel, $0).frames() }
    case .free(let slots) where slots.count > 1:
      return Self.halves(of: slots).flatMap { Self.free($0).frames() }
    // No other message is so large.
    default: return []
    }
  }

  private static func halves<Element>(of list: [Element]) -> [[Element]] {
    [Array(list[..<(list.count / 2)]), Array(list[(list.count / 2)...])]
  }

  /// All names of a message together have half a message, and each of the most that there are this.
  private static let shortestName = 128

  private static func limited(_ names: [String]) -> [String] {
    let limit = max(shortestName, WireLimits.record / 2 / max(1, names.count))
    return names.map { $0.limited(to: limit) }
  }

  /// An array of the kind's number and the fields.
  private func body() -> [UInt8] {
    var writer = MessagePackWriter(capacity: 128)
    func pack<each Field: WireField>(_ kind: Kind, _ fields: repeat each Field) {
      WireFields.pack(into: &writer, kind, repeat each fields)
    }
    switch self {
    case .minted(let channel, let ticket, let side, let hop, let key):
      pack(.minted, channel, ticket, side, hop, key)
    case .arrive(let channel, let ticket, let side, let hop):
      pack(.arrive, channel, ticket, side, hop)
    case .claim(let channel, let ticket, let side, let hop):
      pack(.claim, channel, ticket, side, hop)
    case .revoke(let channel, let tickets): pack(.revoke, channel, tickets)
    case .release(let channel, let ticket): pack(.release, channel, ticket)
    case .introduce(let channel, let sender, let receiver, let node, let pass):
      pack(.introduce, channel, sender, receiver, node, pass.map { WireBytes($0.bytes) })
    case .expecting(let channel, let sender, let receivers, let newest):
      pack(.expecting, channel, sender, receivers, newest)
    case .receiversGone(let channel, let sender): pack(.receiversGone, channel, sender)
    case .ended(let channel, let receiver): pack(.ended, channel, receiver)
    case .refused(let channel, let ticket, let reason):
      pack(.refused, channel, ticket, reason.limited(to: WireLimits.text))
    case .open(let flow, let sender, let receiver): pack(.open, flow, sender, receiver)
    case .recall(let flow, let keeping): pack(.recall, flow, keeping)
    case .missed(let flow, let count): pack(.missed, flow, count)
    case .cancel(let flow, let sequence, let isLate): pack(.cancel, flow, sequence, isLate)
    case .offer(let region, let name): pack(.offer, region, name)
    case .close(let flow): pack(.close, flow)
    case .accept(let flow, let page, let slot): pack(.accept, flow, page, slot)
    case .returned(let flow, let first, let last): pack(.returned, flow, first, last)
    case .drain(let flow): pack(.drain, flow)
    case .subscribe(let flow, let topics): pack(.subscribe, flow, topics)
    case .leave(let flow): pack(.leave, flow)
    case .mapped(let region, let isMapped): pack(.mapped, region, isMapped)
    case .free(let slots): pack(.free, slots)
    case .ring(let memory, let bell): pack(.ring, memory, bell)
    case .ringFound(let isFound): pack(.ringFound, isFound)
    case .ringFollows: pack(.ringFollows)
    case .waiting(let origin, let mark, let names):
      pack(.waiting, origin, mark, Self.limited(names))
    }
    return writer.bytes
  }

  /// Reads a control frame.
  package init(frame: UnsafeRawBufferPointer) throws(WireError) {
    let body = Array(frame.dropFirst(FlowHeader.size))
    guard body.count <= WireLimits.record else {
      throw WireError("a message of a link is too large")
    }
    do {
      var fields = try WireFields(MessagePackReader(body))
      self = try Self.read(&fields)
      guard try fields.end().isAtEnd else { throw WireError("bytes after a message of a link") }
    } catch let error as WireError {
      throw error
    } catch {
      throw WireError("not a message of a link: \(error)")
    }
  }

  private static func read(_ fields: inout WireFields) throws -> Self {
    func next<Field: WireField>() throws -> Field { try fields.next() }
    return switch try next() as Kind {
    case .minted: try .minted(next(), next(), next(), hop: next(), key: next())
    case .arrive: try .arrive(next(), next(), next(), hop: next())
    case .claim: try .claim(next(), next(), next(), hop: next())
    case .revoke: try .revoke(next(), next())
    case .release: try .release(next(), next())
    case .introduce:
      try .introduce(
        next(), sender: next(), receiver: next(), at: next(),
        (next() as WireBytes?).map { Pass(bytes: $0.bytes) })
    case .expecting: try .expecting(next(), sender: next(), receivers: next(), newest: next())
    case .receiversGone: try .receiversGone(next(), sender: next())
    case .ended: try .ended(next(), receiver: next())
    case .refused: try .refused(next(), next(), reason: next())
    case .open: try .open(flow: next(), sender: next(), receiver: next())
    case .recall: try .recall(flow: next(), keeping: next())
    case .missed: try .missed(flow: next(), count: next())
    case .cancel: try .cancel(flow: next(), sequence: next(), isLate: next())
    case .offer: try .offer(region: next(), next())
    case .close: try .close(flow: next())
    case .accept: try .accept(flow: next(), page: next(), slot: next())
    case .returned: try .returned(flow: next(), from: next(), through: next())
    case .drain: try .drain(flow: next())
    case .subscribe: try .subscribe(flow: next(), topics: next())
    case .leave: try .leave(flow: next())
    case .mapped: try .mapped(region: next(), next())
    case .free: try .free(next())
    case .ring: try .ring(next(), next())
    case .ringFound: try .ringFound(next())
    case .ringFollows: .ringFollows
    case .waiting: try .waiting(origin: next(), mark: next(), names: next())
    }
  }
}
