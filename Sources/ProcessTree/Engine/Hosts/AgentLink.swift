internal import ProcessTreeBase
internal import ProcessTreeLinks
internal import ProcessTreeProcessControl
internal import ProcessTreeWire

/// The connections of a host's far half: the streams that it was started with, and those that came
/// later.
///
/// It introduces itself on each; the near half answers on the one that it goes on with. Belongs to
/// the loop.
final class AgentLink {
  /// The most connections that wait for the near half's answer, and how long they do.
  private static let mostWaiting = 8
  private static let waitingTime: Duration = .seconds(30)

  let carrier = HostCarrier()
  private let loop: EventLoop
  private let door: AgentDoor
  private let hello: [UInt8]
  private var waiting: [HostConnection] = []

  /// Called when the present connection has ended.
  var onCut: (() -> Void)?
  /// Called when the link goes on over another connection.
  var onResumed: (() -> Void)?
  /// Called with the reason when this half has to end.
  var onOver: ((String) -> Void)?

  init(_ hello: HostHello, secret: [UInt8], on loop: EventLoop) throws {
    self.loop = loop
    self.hello = hello.packed()
    door = try AgentDoor(at: hello.socket, secret: secret, on: loop)
    door.onConnection = { [unowned self] in take($1, to: $0) }
    door.onRefusal = { [unowned self] in
      // One word stands for many.
      guard door.refusals.nonzeroBitCount == 1 else { return }
      carrier.send(.refused(count: door.refusals), isUrgent: false)
    }
    carrier.onCut = { [unowned self] in onCut?() }
    carrier.onBroken = { [unowned self] in onOver?($0) }
  }

  private func take(_ guest: AgentDoor.Guest, to purpose: AttachRecord.Purpose) {
    guard purpose == .join else {
      onOver?("its near half has been lost")
      return
    }
    guard let ends = guest.takeStreams(),
      let connection = try? HostConnection(over: ends, on: loop)
    else { return }
    introduce(on: connection)
  }

  /// Sends hello on a connection, and waits for the near half's.
  ///
  /// - Parameter preamble: The bytes that are written before the hello.
  func introduce(on connection: HostConnection, after preamble: [UInt8] = []) {
    if waiting.count >= Self.mostWaiting { waiting.removeFirst().close() }
    waiting.append(connection)
    connection.onFrame = { [unowned self, unowned connection] in take($0, over: connection) }
    connection.onEnd = { [unowned self, unowned connection] _ in
      forget(connection)
      // Nobody has ever gone on with one, so nobody will come back.
      if carrier.number == 0, waiting.isEmpty { onOver?("the connection has ended") }
    }
    guard (try? connection.start()) != nil else { return forget(connection) }
    let frame = HostFrame(.hello, body: hello, number: carrier.received, isUrgent: true)
    var bytes = preamble
    frame.append(to: &bytes)
    connection.send(bytes)
    _ = loop.timers.schedule(after: Self.waitingTime) { [weak self, weak connection] in
      guard let self, let connection, waiting.contains(where: { $0 === connection }) else { return }
      connection.giveUp()
    }
  }

  private func take(_ frame: HostFrame, over connection: HostConnection) {
    forget(connection)
    guard frame.kind == .hello else { return connection.close() }
    do throws(WireError) {
      guard try carrier.use(connection, frame.stream, peerReceived: frame.number) else { return }
      onResumed?()
    } catch {
      onOver?(error.description)
    }
  }

  private func forget(_ connection: HostConnection) { waiting.removeAll { $0 === connection } }
}
