internal import Glibc
internal import ProcessTreeLinks
internal import ProcessTreeProcessControl
internal import ProcessTreeWire

/// A child's way up: the control socket, the data socket once it is needed, and the descriptor whose
/// end says that the parent has gone.
///
/// Belongs to the loop.
final class ParentLink {
  private let hello: Hello
  private let endpoints: BootstrapRecord.Endpoints
  private let context: LinkContext
  private let loop: EventLoop
  private var control: EdgeConnector?
  private var data: EdgeConnector?
  private(set) var dataLink: DataLink
  /// Called with each control message.
  var onMessage: ((ControlMessage) -> Void)?
  /// Called when the data socket cannot be had.
  var onFailure: ((any Error) -> Void)?
  /// Called when the parent has sent what the protocol does not allow.
  var onViolation: ((String) -> Void)?

  init(
    hello: Hello, endpoints: BootstrapRecord.Endpoints, context: LinkContext, on loop: EventLoop
  ) throws {
    self.hello = hello
    self.endpoints = endpoints
    self.context = context
    self.loop = loop
    dataLink = DataLink(on: loop) { _ in }
    dataLink = DataLink(on: loop) { [unowned self] frame in data?.send(frame) }
    dataLink.onConnectionNeeded = { [unowned self] in connectData() }
    control = try EdgeConnector(
      to: endpoints.control, hello: hello, in: context, on: loop
    ) { [unowned self] frame in
      do throws(WireError) {
        receive(try ControlMessage(frame: Array(frame)))
      } catch {
        onViolation?(error.description)
      }
    }
  }

  /// Waits until the control connection has its descriptor, for a short time that it needs at most.
  ///
  /// A program that closes descriptors 0 to 2, and goes on to print, must not print into it.
  func waitForConnection() {
    let end = ContinuousClock.now + Self.connectionTime
    var looks = 0
    while control?.isConnected == false, ContinuousClock.now < end {
      // The other thread needs some microseconds, if it has a processor.
      if looks < 50 { sched_yield() } else { usleep(100) }
      looks += 1
    }
  }

  private static let connectionTime: Duration = .seconds(1)

  private func receive(_ message: ControlMessage) {
    if message == .connectData { return connectData() }
    onMessage?(message)
  }

  /// Connects the data socket; frames may be sent from now on.
  private func connectData() {
    guard data == nil, retry == nil else { return }
    do {
      data = try EdgeConnector(
        to: endpoints.data, hello: hello, in: context, on: loop
      ) { [unowned self] frame in
        do throws(WireError) {
          try dataLink.receive(frame)
        } catch {
          onViolation?(error.description)
        }
      }
    } catch {
      // For want of descriptors, most likely: they may come back.
      guard let delay = patience.next() else { return onFailure?(error) ?? () }
      retry = loop.timers.schedule(after: delay) { [unowned self] in
        retry = nil
        connectData()
      }
      return
    }
    dataLink.connected()
    dataLink.flush()
  }

  private var patience = Patience()
  private var retry: TimerQueue.ID?

  func send(_ message: ControlMessage) { control?.send(message.frame()) }

  func send(events: [[UInt8]], log: [[UInt8]]) {
    // A frame has a bound; what a turn brought is split so that it keeps it.
    for batch in Self.batches(of: events) { send(.events(batch)) }
    for batch in Self.batches(of: log) { send(.log(batch)) }
  }

  private static func batches(of records: [[UInt8]]) -> [[[UInt8]]] {
    var batches: [[[UInt8]]] = []
    var batch: [[UInt8]] = []
    var size = 0
    for record in records {
      if size + record.count > WireLimits.frameSize / 2, !batch.isEmpty {
        batches.append(batch)
        batch = []
        size = 0
      }
      batch.append(record)
      size += record.count
    }
    return batch.isEmpty ? batches : batches + [batch]
  }

  func receive() {
    control?.receive()
    data?.receive()
  }

  /// Closes the sockets, for a link that has done its rehearsal.
  func close() {
    control?.close()
    data?.close()
  }

  var hasFramesToExchange: Bool {
    control?.mayHaveFrames ?? false || data?.mayHaveFrames ?? false || dataLink.needsFlush
  }
}
