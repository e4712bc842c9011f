/// Makes plans of values whose shapes have been checked, and checks what lies between them.
struct TopologyBuilder {
  var reader: TopologyReader
  let path: String
  /// The channels of the groups around the present node, the innermost last.
  var scopes: [ChannelScope] = []
  var hosts = HostScope()

  /// What groups hand down to the nodes below.
  struct Inherited {
    var restart: RestartPlan?
    var stop: StopPlan?
    var environment: [CommandPlan.Change] = []
    var inherited: CommandPlan.Inherited?
    var directory: Value?
    var limits: [CommandPlan.Limit] = []
    var logKept: Int?
    var interpreter: [Scalar] = [Scalar("/bin/sh"), Scalar("-c")]
  }

  init(_ reader: TopologyReader, path: String) {
    self.reader = reader
    self.path = path
  }

  mutating func topology(_ value: Value, name: String, address: String) -> TopologyPlan {
    if let stop = value["stop"] { NodeChecks.checkStop(ofGroup: stop, &reader) }
    let app = value["app"].flatMap { app in
      app.text.map { Path.absolute($0, from: directory(of: app)) }
    }
    // Groups from other files have the same one.
    reader.app = reader.app ?? app
    if let named = value["app"] { checkApp(named) }
    readHosts(value)
    let group = group(value, address: address, Inherited())
    reportUnusedHosts(value)
    if address.isEmpty { reader.written.check(&reader.diagnostics) }
    return TopologyPlan(
      name: name, description: value["description"]?.text, app: app,
      treeLimit: value["treeLimit"]?.scalar?.integer, group: group)
  }

  // MARK: Groups

  mutating func group(_ value: Value, address: String, _ outer: Inherited) -> GroupPlan {
    let inherited = inherited(value, outer)
    var group = GroupPlan()
    if let word = value["supervision"]?["strategy"]?.text {
      group.strategy = GroupPlan.Strategy(rawValue: word) ?? .oneForOne
    }
    if let intensity = value["supervision"]?["intensity"] {
      group.restarts = intensity["restarts"]?.scalar?.integer ?? 5
      group.period = time(intensity["period"]) ?? .seconds(30)
    }
    group.limit = value["limit"]?.scalar?.integer
    if let end = value["endsWith"] {
      group.endsWith =
        end.list.map { .with($0.compactMap(\.text)) } ?? (end.text == "any" ? .any : .all)
    }
    group.goesOnAfterFailure = value["onFailure"]?.text == "continue"
    group.stopWithin = time(value["stop"]?["within"])
    var scope = ChannelScope()
    for entry in value["channels"]?.entries ?? [] {
      scope.channels[entry.key] = (ChannelPlan(entry), entry)
    }
    group.channels = scope.channels.values.map(\.plan).sorted { $0.name < $1.name }
    scopes.append(scope)
    group.nodes = (value["nodes"]?.entries ?? []).map { entry in
      node(entry, address: address.isEmpty ? entry.key : "\(address)/\(entry.key)", inherited)
    }
    scope = scopes.removeLast()
    group.outerEnds = scope.outer
    checkChannels(scope)
    group.nodeCount = group.nodes.reduce(0) { count, node in
      guard case .group(let inner) = node.kind else { return count + 1 }
      return count + 1 + inner.nodeCount
    }
    GroupChecks.check(group, value, &reader)
    let all = group.nodes
    group.nodes = Selection(group, value, isTop: address.isEmpty, &reader).nodes
    let kept = Set(group.nodes.map(\.address))
    for node in all where !kept.contains(node.address) { reader.written.leaveOut(node.address) }
    group.hosts = hosts(of: group.nodes)
    return group
  }

  private mutating func inherited(_ value: Value, _ outer: Inherited) -> Inherited {
    var inherited = outer
    let defaults = value["defaults"]
    if let restart = defaults?["restart"] { inherited.restart = Self.restart(restart) }
    if let stop = defaults?["stop"] { inherited.stop = Self.stop(stop) }
    if let directory = defaults?["directory"] { inherited.directory = directory }
    if let limits = defaults?["limits"] { inherited.limits = Self.limits(limits) }
    inherited.logKept = Self.size(defaults?["log"]?["keep"]) ?? outer.logKept
    if let words = defaults?["interpreter"]?.list {
      inherited.interpreter = words.compactMap(\.scalar)
    }
    inherited.environment += changes(value) + changes(defaults)
    inherited.inherited = Self.inheritance(value["inheritEnvironment"]) ?? outer.inherited
    return inherited
  }

  // MARK: Nodes

  private mutating func node(
    _ entry: Value.Entry, address: String, _ inherited: Inherited
  ) -> NodePlan {
    let value = entry.value
    let file = reader.files[entry.place.file]?.name ?? ""
    let places = places(of: value, entry.key)
    let isElsewhere = reader.isElsewhere
    reader.isElsewhere = isElsewhere || !places.isEmpty
    defer { reader.isElsewhere = isElsewhere }
    let written = reader.written.count
    var node = NodePlan(
      name: entry.key, address: address, description: value["description"]?.text,
      origin: "\(file):\(entry.place.line)",
      kind: kind(value, entry, address: address, inherited))
    node.hosts = places
    checkPlace(of: node, value)
    node.instances = value["instances"]?.scalar?.integer
    node.dependsOn = Self.dependencies(value["dependsOn"])
    node.readiness = value["readiness"].map { Self.check($0, inherited.interpreter) }
    node.liveness = value["liveness"].map { Self.check($0, inherited.interpreter) }
    node.restart = value["restart"].map(Self.restart) ?? inherited.restart ?? RestartPlan()
    node.stop = value["stop"].map(Self.stop) ?? inherited.stop ?? StopPlan()
    node.timeLimit = time(value["timeLimit"])
    node.logKept = Self.size(value["log"]?["keep"]) ?? inherited.logKept ?? node.logKept
    node.mayFail = value["mayFail"]?.text == "true"
    node.isManual = value["start"]?.text == "manual"
    node.profiles = value["profiles"]?.list?.compactMap(\.text) ?? []
    reader.profiles.formUnion(node.profiles)
    reader.written.note(node, line: entry.place.line, from: written)
    NodeChecks.check(node, value, &reader)
    return node
  }

  private mutating func kind(
    _ value: Value, _ entry: Value.Entry, address: String, _ inherited: Inherited
  ) -> NodePlan.Kind {
    switch ShapeChecker.kind(of: value) {
    case .command, .shell, nil: return .command(command(value, inherited))
    case .nodes: return .group(group(value, address: address, inherited))
    case .file: return .group(fileGroup(value, address: address, inherited))
    case .pipeline: return .pipeline(pipeline(value["pipeline"] ?? value, inherited))
    case .program:
      var plan = program(value, entry)
      plan.directory = directory(value, inherited)
      return .program(plan)
    }
  }

  /// The group that another file makes.
  private mutating func fileGroup(
    _ value: Value, address: String, _ inherited: Inherited
  ) -> GroupPlan {
    guard let file = value["file"], let name = file.text,
      let path = reader.path(name, at: file.place, length: name.count),
      let other = reader.load(path, named: file)
    else { return GroupPlan() }
    reader.trail.append(path)
    defer { reader.trail.removeLast() }
    let variables = Variables(
      environment: reader.options.environment,
      isWithoutEnvironment: reader.options.isWithoutEnvironment)
    let given = value["variables"] ?? Value(.map([]), at: value.place)
    // A value of the node for the group wins over that of the group's file.
    let own = value.without(
      Set(NodeKind.allCases.map(\.rawValue)).union([
        "variables", "dependsOn", "on", "restart", "mayFail", "start", "profiles", "description",
        "log",
        "timeLimit",
      ]))
    let whole = Overlay.merged(other, own)
    guard
      let checked = reader.topology(
        whole, path: path, variables, given: given, address: address)
    else { return GroupPlan() }
    return checked.topology.group
  }

  // MARK: Commands

  mutating func command(_ value: Value, _ inherited: Inherited) -> CommandPlan {
    var words: [Scalar]
    if let shell = value["shell"]?.scalar {
      words = inherited.interpreter + [shell]
    } else {
      words = value["command"]?.list?.compactMap(\.scalar) ?? []
    }
    if words.isEmpty { words = [Scalar("true")] }
    var plan = CommandPlan(words: words, directory: directory(value, inherited))
    plan.environment = inherited.environment + changes(value)
    plan.inherited = Self.inheritance(value["inheritEnvironment"]) ?? inherited.inherited ?? .all
    plan.user = value["user"]?.text
    plan.group = value["group"]?.text
    plan.umask = value["umask"]?.text.flatMap { UInt32($0, radix: 8) }
    plan.limits = value["limits"].map(Self.limits) ?? inherited.limits
    plan.success = value["success"]?.list?.compactMap { $0.scalar?.integer.map(Int32.init) } ?? []
    plan.input = value["input"]?["file"].flatMap(absolute)
    plan.output = stream(value["output"])
    plan.error = stream(value["error"])
    noteFiles(of: plan, value)
    Executables.check(plan, at: value["command"] ?? value["shell"] ?? value, &reader)
    return plan
  }

  /// Notes the files that a command writes to, none of which is its input.
  private mutating func noteFiles(of plan: CommandPlan, _ value: Value) {
    guard !reader.isElsewhere else { return }
    for (key, stream) in [("output", plan.output), ("error", plan.error)] {
      guard case .file(let path, let appends) = stream, let file = value[key]?["file"] else {
        continue
      }
      reader.written.note(path, file, appends: appends)
      if !appends, let input = plan.input, let key = WrittenFile.Key(input),
        key == WrittenFile.Key(path)
      {
        PipelineChecks.refuseInput(file, &reader)
      }
    }
  }

  private func directory(_ value: Value, _ inherited: Inherited) -> Scalar {
    let given = value["directory"] ?? inherited.directory
    if let given, let path = absolute(given) { return path }
    return Scalar(directory(of: value))
  }

  func directory(of value: Value) -> String {
    reader.files[value.place.file]?.directory ?? Path.current
  }

  /// A path, which counts from the file that it stands in.
  func absolute(_ value: Value) -> Scalar? {
    guard var scalar = value.scalar else { return nil }
    guard case .text(let start)? = scalar.pieces.first else {
      return scalar.pieces.first == .runScratch
        ? scalar
        : Scalar(pieces: [.text(directory(of: value) + "/")] + scalar.pieces)
    }
    scalar.pieces[0] = .text(Path.absolute(start, from: directory(of: value)))
    return scalar
  }

  private func stream(_ value: Value?) -> CommandPlan.Stream {
    guard let value else { return .log }
    if let file = value["file"].flatMap(absolute) {
      return .file(file, appends: value["append"]?.text == "true")
    }
    switch value.text {
    case "output": return .output
    case "log": return .log
    default: return .null
    }
  }

  /// The changes of the environment that a node or a group makes.
  private mutating func changes(_ value: Value?) -> [CommandPlan.Change] {
    var changes: [CommandPlan.Change] = []
    for file in value?["environmentFiles"]?.list ?? [] {
      changes += EnvironmentFile.changes(of: file, absolute(file), &reader)
    }
    for entry in value?["environment"]?.entries ?? [] {
      if let scalar = entry.value.scalar {
        changes.append(.set(entry.key, scalar))
      } else if var secret = entry.value["secret"]?.scalar {
        secret.isSecret = true
        changes.append(.set(entry.key, secret))
      } else if let file = entry.value["secretFile"], let path = absolute(file) {
        EnvironmentFile.warn(about: path, at: file, &reader)
        changes.append(.secretFile(entry.key, path))
      } else {
        changes.append(.remove(entry.key))
      }
    }
    return changes
  }
}
