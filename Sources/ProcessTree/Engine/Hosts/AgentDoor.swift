internal import Glibc
internal import ProcessTreeBase
internal import ProcessTreeLinks
internal import ProcessTreeProcessControl
internal import ProcessTreeWire

/// Where a far half takes further connections of its near half: a socket in the run's directory.
///
/// Belongs to the loop.
final class AgentDoor {
  /// The most connections that have not introduced themselves yet, and how long they have for that.
  private static let mostGuests = 16
  private static let greetingTime: Duration = .seconds(10)

  private let listener: WatchedDescriptor
  private let secret: Proof
  private let loop: EventLoop
  private var guests: [Int32: Guest] = [:]
  /// Whether connections wait in the listener's queue until a guest has proved itself or left.
  private var isFull = false
  /// How many were refused.
  private(set) var refusals: Int64 = 0

  /// Called with each connection that has proved itself, and with what it is for.
  var onConnection: ((AttachRecord.Purpose, Guest) -> Void)?
  var onRefusal: (() -> Void)?

  /// A connection that has not proved itself yet.
  final class Guest {
    fileprivate var greeting: [UInt8] = []
    private var descriptor: Descriptor?
    fileprivate let number: Int32

    fileprivate init(_ descriptor: consuming Descriptor) {
      number = descriptor.number
      self.descriptor = consume descriptor
    }

    /// Gives the streams up to their next owner, once.
    func takeStreams() -> StreamEnds? {
      guard let input = descriptor.take(),
        let output = Descriptor(owning: fcntl(input.number, F_DUPFD_CLOEXEC, 0))
      else { return nil }
      return StreamEnds(input: input, output: output)
    }
  }

  /// Listens; the socket is removed with the run's directory.
  init(at path: String, secret: [UInt8], on loop: EventLoop) throws {
    self.secret = Proof(bytes: secret)
    self.loop = loop
    listener = WatchedDescriptor(
      try LocalListener.make(at: path, backlog: Self.mostGuests), on: loop)
    try listener.watch(for: .read) { [unowned self] in accept() }
  }

  private func accept() {
    guard guests.count < Self.mostGuests else {
      isFull = true
      return listener.unwatch()
    }
    do {
      guard let made = try LocalConnection.accept(at: listener.number) else { return }
      let guest = Guest(made.takeDescriptor())
      try loop.poller.add(guest.number, for: .read) { [unowned self] _ in read(guest.number) }
      guests[guest.number] = guest
      _ = loop.timers.schedule(after: Self.greetingTime) { [weak self, weak guest] in
        if let self, let guest, guests[guest.number] === guest { refuse(guest) }
      }
    } catch {
      pause()
    }
  }

  /// Leaves connections in the listener's queue for a while: there is no descriptor, and no event
  /// reports one.
  private func pause() {
    listener.unwatch()
    _ = loop.timers.schedule(after: .milliseconds(200)) { [weak self] in self?.goOn() }
  }

  private func goOn() {
    try? listener.watch(for: .read) { [weak self] in self?.accept() }
  }

  private func read(_ number: Int32) {
    guard let guest = guests[number] else { return }
    // No byte more: what follows is the link's.
    let wanted = Proof.size + 1 - guest.greeting.count
    let result = withUnsafeTemporaryAllocation(byteCount: wanted, alignment: 1) {
      space -> Descriptors.ReadResult? in
      let result = try? Descriptors.read(number, into: space)
      if case .bytes(let count) = result { guest.greeting += space[..<count] }
      return result
    }
    switch result {
    case .bytes where guest.greeting.count <= Proof.size, .wouldBlock: return
    case .bytes: greet(guest)
    case .end, nil: refuse(guest)
    }
  }

  private func greet(_ guest: Guest) {
    guard secret.matches(Proof(bytes: Array(guest.greeting.prefix(Proof.size)))),
      let purpose = guest.greeting.last.flatMap(AttachRecord.Purpose.init)
    else { return refuse(guest) }
    forget(guest)
    onConnection?(purpose, guest)
  }

  private func refuse(_ guest: Guest) {
    forget(guest)
    refusals += 1
    onRefusal?()
  }

  private func forget(_ guest: Guest) {
    loop.poller.remove(guest.number)
    guests[guest.number] = nil
    guard isFull else { return }
    isFull = false
    goOn()
  }
}
