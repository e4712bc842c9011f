internal import Glibc
internal import ProcessTreeBase
internal import ProcessTreeLinks
internal import ProcessTreeProcessControl
internal import ProcessTreeSupervision
internal import ProcessTreeWire

extension NodeRuntime {
  /// Begins the life of a child.
  func begin(_ child: AnyChild) throws {
    guard shared.startsChildren else {
      throw ProcessTreeError(
        .nodeEnding, "\(identity.name) is ending and starts no more children.")
    }
    let controller = ChildController(
      child, tag: RunTag(run: identity.run.runID, node: try newNodeID()), in: self)
    try contain()
    memory?.begin()
    add(controller)
    controller.handle(.start)
  }

  /// Starts a child: makes its way in, then its process by the start method that applies.
  func launch(_ controller: ChildController) {
    if nodes == nil { Descriptors.refillStandardDescriptors() }
    do {
      try checkStartMethod()
      let declaration = controller.child.declaration
      if declaration.host != nil {
        guard let host = controller.host else {
          // It must not run here in its host's place.
          let name = declaration.hostName ?? ""
          return controller.handle(.couldNotStart("its host \(name) is over"))
        }
        return try host.launch(controller)
      }
      let endpoints = try listeners.open(isControlInherited: nodes == nil)
      for ticket in controller.child.tickets { try openChannels().prepareToSend(ticket) }
      try listeners.expect(controller.child.declaration, attempt: controller.attempt)
      if let nodes {
        try refuseSettings(of: controller.child.declaration)
        let node = try nodes.start(
          try startingRecord(of: controller, endpoints), secret: secret(of: controller),
          under: self)
        node.onSevered = controller.tieInMemory()
        return controller.started(node)
      }
      let ends = try ChildEnds(null: try listeners.nullDevice())
      let inherited = try prepare(controller, ends, endpoints)
      if let rehearsedProcess { return controller.started(try rehearsedProcess(inherited)) }
      clone(controller, inherited)
    } catch let error as ProcessControlError {
      controller.handle(.couldNotStart(error.description))
    } catch {
      controller.handle(.couldNotStart("\(error)"))
    }
  }

  /// A number for a child's tag; nodes that share a process have no tags, and are numbered as they
  /// come.
  private func newNodeID() throws -> UInt32 {
    try nodes.map { UInt32($0.nextPID) } ?? RunTag.randomNodeID()
  }

  /// Nodes of one tree either share a process or do not: what carries frames between them is
  /// decided with the first of them.
  private func checkStartMethod() throws {
    guard (shared.configuration.startMethod == .inProcess) == (nodes != nil) else {
      throw ProcessTreeError(
        .invalidConfiguration,
        "The start method cannot change to or from inProcess after the first child or channel: "
          + "choose it before.")
    }
  }

  private func refuseSettings(of child: ChildDeclaration) throws {
    guard !child.settings.isInherited else { return }
    throw ProcessTreeError(
      .invalidConfiguration,
      "\(child.name) has settings for a process, but with the start method inProcess it has none of "
        + "its own: leave them out, or use another start method.")
  }

  /// The record for a child, and, where its arguments are too large for that, the arguments.
  func startingRecord(
    of controller: ChildController, _ endpoints: BootstrapRecord.Endpoints
  ) throws -> BootstrapRecord {
    let record = try bootstrapRecord(for: controller, endpoints)
    if record.program.arguments == nil {
      try controller.edge.sender(.payload).post(controller.child.declaration.arguments)
    }
    return record
  }

  /// Writes the bootstrap record and hands the parent's ends to the controller; returns the
  /// child's.
  private func prepare(
    _ controller: ChildController, _ ends: consuming ChildEnds,
    _ endpoints: BootstrapRecord.Endpoints
  ) throws -> ChildEnds.Inherited {
    let record = try startingRecord(of: controller, endpoints)
    try Bootstrap.write(record, secret(of: controller), to: ends.deathPipe.number)
    let inherited = ends.inherited
    try output.makeStreams(for: controller, output: ends.outputReader, error: ends.errorReader)
    try controller.take(tie: ends.deathPipe)
    return inherited
  }

  private func bootstrapRecord(
    for controller: ChildController, _ endpoints: BootstrapRecord.Endpoints
  ) throws -> BootstrapRecord {
    let child = controller.child.declaration
    let isInline = child.arguments.count <= WireLimits.inlinePayload
    return BootstrapRecord(
      run: BootstrapRecord.Run(
        id: identity.run.runID, rootPID: identity.run.rootPID,
        rootStartTime: identity.run.rootStartTime, directory: identity.run.directory),
      path: child.path, name: child.name, isDaemon: child.isDaemon,
      parent: .init(
        name: identity.name, pid: identity.pid, startTime: names.address.startTime),
      attempt: controller.attempt, endpoints: endpoints,
      program: .init(
        type: child.program.name, listIndex: child.program.listIndex,
        arguments: isInline ? child.arguments : nil),
      tag: controller.tag.node,
      settings: NodeSettings(shared.configuration).packed(),
      renewalPeriod: controller.lease.renewalPeriod,
      processSettings: child.settings.isInherited ? nil : child.settings.packed(),
      incarnation: child.incarnation, address: child.address.description,
      placement: controller.host?.placement ?? identity.placement?.ofChild)
  }

  func secret(of controller: ChildController) -> NodeSecret {
    secret.child(controller.child.declaration.position)
  }

  private func clone(_ controller: ChildController, _ ends: ChildEnds.Inherited) {
    guard shared.configuration.startMethod == .forkServer, let forkServer else {
      if shared.configuration.startMethod == .forkServer { announceSpawning() }
      return spawn(controller, ends)
    }
    let child = controller.child.declaration
    // A child with settings makes its server once it has them, for its clones to have them as well.
    let findsServer = child.program.spawnsChildren && child.settings.isInherited
    forkServer.request(
      id: UInt64(child.position), tag: controller.tag,
      withServerFor: findsServer ? child.name : nil, preparing: needs(of: controller), ends: ends
    ) { [weak self, weak controller] answer in
      guard let self, let controller else { return }
      switch answer {
      case .started(let handle): controller.started(handle)
      case .failed(let errno):
        let reason = "the fork server could not clone itself: \(String(cString: strerror(errno)))"
        controller.handle(.couldNotStart(reason))
      case .lost:
        // It may have cloned before it went; that child has been ended, and may have read the
        // record.
        listeners.forget(controller.child.declaration.position)
        controller.attemptLost()
      }
    }
  }

  private func needs(of controller: ChildController) -> ForkServer.Needs {
    let program = controller.child.declaration.program
    return ForkServer.Needs(
      hasLinks: expectsLinks(of: controller), program: program.listIndex == nil ? program.name : "")
  }

  /// Whether a child will probably open links: it gets ends of channels, or arguments that do not
  /// fit its record, or this node has links already.
  ///
  /// Then its fork server has libzmq for it. Any child can open links: one of which this was not
  /// expected loads libzmq for itself, which takes a millisecond or two.
  private func expectsLinks(of controller: ChildController) -> Bool {
    let child = controller.child
    return channels?.listener != nil || !child.tickets.isEmpty
      || child.declaration.arguments.count > WireLimits.inlinePayload
  }

  private func spawn(_ controller: ChildController, _ ends: ChildEnds.Inherited) {
    do {
      let environment = Bootstrap.environment()
      controller.started(
        try ends.withDescriptors { ends throws(ProcessControlError) in
          try Spawner.spawn(
            arguments: ProcessArguments.visible, environment: environment, descriptors: ends)
        })
    } catch {
      controller.handle(.couldNotStart("\(error)"))
    }
  }

  /// Reports once that children are started by `spawn` although a fork server was asked for.
  private func announceSpawning() {
    guard !hasAnnouncedSpawning else { return }
    hasAnnouncedSpawning = true
    emitOwn(.startMethodChanged(.spawn, reason: spawningReason))
  }

  /// The fork server does not answer: without it, children are started by `spawn`.
  func giveUpForkServer() {
    forkServer?.giveUp()
  }

  /// The fork server has gone: children that it cloned without a report are ended, further children
  /// are started by `spawn`.
  func forkServerLost() {
    forkServer = nil
    spawningReason = "the fork server has gone"
    emitOwn(.forkServerLost)
    reapAdopted(includingUnanswered: true)
  }
}
