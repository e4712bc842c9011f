internal import Glibc
internal import ProcessTreeBase
internal import ProcessTreeLinks
internal import ProcessTreeProcessControl
internal import ProcessTreeWire

/// The control connections of a node's children, and the descriptors that are kept for those to
/// come.
///
/// Belongs to the loop.
final class ChildListeners {
  /// The connections of a child to its parent.
  private enum Connection: CaseIterable {
    case control
    case link
  }

  private unowned let runtime: NodeRuntime
  private(set) var control: EdgeListener?
  /// The children whose connection of each kind is still to come, and has a descriptor kept for it.
  private var awaited: [Connection: Set<UInt32>] = [:]
  private var null: Descriptor?

  init(of runtime: NodeRuntime) { self.runtime = runtime }

  // MARK: A child to come

  /// Opens the sockets that a child needs, the first time.
  ///
  /// - Parameter isControlInherited: Whether its control connection is the descriptor that it
  ///   inherits; otherwise it connects.
  func open(isControlInherited: Bool = false) throws -> BootstrapRecord.Endpoints {
    try runtime.makeDirectory()
    let control = control ?? makeControl()
    self.control = control
    let links = runtime.names.address.endpoint
    guard !isControlInherited else { return .init(control: "", links: links) }
    try runtime.openChannels().listen()
    let path = runtime.directory.socket(of: runtime.identity.pid, "c")
    if !control.isListening {
      // A node with this pid may have died and left its socket.
      if runtime.nodes == nil { unlink(path) }
      try control.listen(at: path, in: runtime.context, on: runtime.loop)
    }
    return .init(control: runtime.context.endpoint(at: path), links: links)
  }

  private func makeControl() -> EdgeListener {
    // A child that is not let in by its start deadline could not start: no need to give up for it.
    let handlers = EdgeListener.Handlers(
      admitted: { [unowned self] position, _ in admitted(position) },
      frame: { [unowned self] position, frame in receive(position, frame) },
      broken: { [unowned self] position in
        guard let controller = runtime.controllers[position] else { return }
        broke(controller, "control", "a message that is not one frame")
      },
      overfull: { [unowned self] position in
        guard let controller = runtime.controllers[position] else { return }
        let backlog = "\(FrameStream.mostWaiting >> 20) MiB of messages wait for it"
        controller.broke(backlog, because: "\(backlog): it is stopped, or its loop does not turn")
      },
      refused: { [unowned runtime] reason in runtime.noteRefusal(reason) })
    return EdgeListener(
      build: runtime.identity.build, secret: runtime.secret, handlers: handlers)
  }

  /// Expects a child, after making sure of the descriptors for it, and for the connections of all
  /// that have been started.
  ///
  /// - Parameter carrier: The process that connects in the child's place; nil for the child itself.
  func expect(_ child: ChildDeclaration, attempt: UInt32, carrier: Int32? = nil) throws {
    awaited[.link, default: []].insert(child.position)
    if carrier != nil || runtime.nodes != nil {
      awaited[.control, default: []].insert(child.position)
    }
    // A child that inherits its control connection may ask for the link later.
    let listener = runtime.channels?.listener == nil ? LinkContext.descriptorsOfAListener : 0
    let connections = awaited.values.reduce(listener) { $0 + $1.count }
    do {
      try runtime.context.demandDescriptors(
        ChildEnds.descriptors + connections + EdgeListener.descriptorReserve, for: "another child")
    } catch {
      forget(child.position)
      throw error
    }
    control?.expect(child.position, attempt: attempt, name: child.name, carrier: carrier)
  }

  /// The null device, opened with the first child and lent.
  func nullDevice() throws -> Int32 {
    if let number = null?.number { return number }
    let opened = try Descriptors.openNull()
    let number = opened.number
    null = consume opened
    return number
  }

  /// Forgets the connections of a child that has gone.
  func forget(_ position: UInt32) {
    for connection in Connection.allCases { awaited[connection]?.remove(position) }
    control?.forget(position)
  }

  /// A child has opened the data link.
  func linkCame(to controller: ChildController) {
    awaited[.link]?.remove(controller.child.declaration.position)
  }

  // MARK: Frames

  /// Receives a turn's share of frames.
  func receive() { control?.receive() }

  /// Receives everything from a child that may have died: there will be no other time.
  func receiveAll(from child: ChildController) {
    control?.receiveAll(from: child.child.declaration.position)
    runtime.channels?.listener?.receiveAll()
    child.peer?.link.ring?.receiveAll()
  }

  var mayHaveFrames: Bool { control?.mayHaveFrames ?? false }

  func close() { control?.close() }

  private func admitted(_ position: UInt32) {
    awaited[.control]?.remove(position)
    guard let controller = runtime.controllers[position] else { return }
    controller.afterStart { controller.connected() }
    controller.onFrame?()
  }

  private func receive(_ position: UInt32, _ frame: UnsafeRawBufferPointer) {
    guard let controller = runtime.controllers[position] else { return }
    defer { controller.onFrame?() }
    do throws(WireError) {
      let message = try ControlMessage(frame: Array(frame))
      controller.afterStart { controller.receive(message) }
    } catch {
      // A message that is not known may be a later version's; text is nobody's.
      guard !ControlMessage.begins(frame) else {
        return controller.handle(.violation(error.description))
      }
      broke(controller, "control", error.description)
    }
  }

  /// A connection of a child has brought something else than frames, so nobody knows where the next
  /// one begins.
  func broke(_ controller: ChildController, _ kind: String, _ violation: String) {
    // Bytes of a half that has ended may be cut off anywhere.
    guard controller.host?.isBeingLost != true else { return }
    controller.broke(
      violation,
      because:
        "its \(kind) connection broke the protocol (\(violation)): does it write to descriptors that "
        + "are not its own?")
  }
}
