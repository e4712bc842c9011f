/// The hosts of a file, and which of them its nodes name.
struct HostScope {
  fileprivate(set) var plans: [String: HostPlan] = [:]
  fileprivate var used: Set<String> = []
}

extension TopologyBuilder {
  /// The word for where the group runs.
  private static let here = "here"

  /// Reads the hosts of a file.
  mutating func readHosts(_ value: Value) {
    for entry in value["hosts"]?.entries ?? [] {
      if entry.key == Self.here {
        refuse(
          .invalidName, entry.place, entry.key,
          "'here' is where the group runs; a host has another name.")
      }
      hosts.plans[entry.key] = host(entry)
    }
  }

  private mutating func host(_ entry: Value.Entry) -> HostPlan {
    let value = entry.value
    var options = value["options"]?.list?.compactMap(\.text) ?? []
    var engine = HostPlan.Engine.command([])
    if let words = value["command"]?.list {
      engine = .command(words.compactMap(\.text))
    } else if let destination = value["ssh"]?.text {
      engine = .ssh(destination, options: options)
      options = []
      if destination.isEmpty || destination.hasPrefix("-"), let place = value["ssh"]?.place {
        refuse(.wrongValue, place, destination, "'ssh' is a destination, such as alice@b.")
      }
    } else if let slurm = value["slurm"] {
      var plan = SlurmPlan()
      plan.nodes = slurm["nodes"]?.scalar?.integer
      plan.tasks = slurm["tasks"]?.scalar?.integer
      plan.array = slurm["array"]?.scalar?.integer
      plan.minimum = slurm["minimum"]?.scalar?.integer
      plan.time = time(slurm["time"])
      plan.partition = slurm["partition"]?.text
      plan.options = options
      options = []
      engine = .slurm(plan)
      if let fault = plan.fault {
        let key =
          fault.key == .option
          ? value.entry("options") : fault.key.flatMap { slurm.entry($0.rawValue) }
        refuse(fault.code, key?.place ?? slurm.place, key?.key ?? "", fault.message)
      }
    }
    if !options.isEmpty, let place = value.entry("options")?.place {
      refuse(
        .keyOfOtherKind, place, "options",
        "only ssh and slurm take options; those of a command are its words.")
    }
    var plan = HostPlan(name: entry.key, engine: engine)
    plan.slots = value["slots"]?.scalar?.integer
    for key in [HostKey.program, .lease, .within] {
      guard let given = value[key.rawValue], let text = given.text else { continue }
      do throws(HostKey.Refusal) {
        try key.set(text, in: &plan)
      } catch {
        refuse(error.code, given.place, text, error.message)
      }
    }
    return plan
  }

  /// The names of the hosts that a node names.
  mutating func places(of value: Value, _ node: String) -> [String] {
    guard let on = value["on"], let entry = value.entry("on") else { return [] }
    let names = (on.list ?? [on]).compactMap { element in element.text.map { ($0, element.place) } }
    if names.count == 1, names[0].0 == Self.here { return [] }
    guard !reader.isElsewhere else {
      refuse(
        .meaningless, entry.place, "on",
        "'\(node)' is below a node with 'on', and runs beside its group.")
      return []
    }
    for (name, place) in names where hosts.plans[name] == nil {
      guard name != Self.here else {
        refuse(.wrongValue, place, name, "'here' stands alone, and not among hosts.")
        continue
      }
      let nearest = Nearest.word(to: name, among: hosts.plans.keys.sorted())
      reader.diagnostics.error(
        .unknownHost, at: place, length: max(1, name.count),
        "'\(name.prefix(60))' is no host of this file"
          + (nearest.map { "; did you mean '\($0)'?" } ?? ": name it below 'hosts'."),
        suggestion: nearest)
    }
    hosts.used.formUnion(names.map(\.0))
    return names.map(\.0).filter { hosts.plans[$0] != nil }
  }

  /// The sources and sinks of a pipeline are those of the root's machine.
  mutating func checkPlace(of node: NodePlan, _ value: Value) {
    guard case .pipeline = node.kind, reader.isElsewhere, node.hosts.isEmpty else { return }
    refuse(
      .meaningless, value.place, "",
      "a pipeline runs on the machine of the root: '\(node.name)' is below a node with 'on'.")
  }

  /// The plans of the hosts that nodes name.
  func hosts(of nodes: [NodePlan]) -> [HostPlan] { hosts(named: nodes.flatMap(\.hosts)) }

  func hosts(named names: [String]) -> [HostPlan] {
    Set(names).sorted().compactMap { hosts.plans[$0] }
  }

  mutating func reportUnusedHosts(_ value: Value) {
    for entry in value["hosts"]?.entries ?? [] where !hosts.used.contains(entry.key) {
      reader.diagnostics.warning(
        .unusedHost, at: entry.place, length: entry.key.count,
        "no node is on the host '\(entry.key)'.")
    }
  }

  private mutating func refuse(
    _ code: Diagnostic.Code, _ place: Place, _ text: String, _ message: String
  ) {
    reader.diagnostics.error(code, at: place, length: max(1, text.count), message)
  }
}
