extension SupervisorLife {
  /// Adds a rule and makes its children.
  ///
  /// - Parameter coming: The names of rules that will be added with it, on which it may depend.
  mutating func insert(
    _ rule: ChildRule, among coming: Set<String>
  ) throws(SupervisorRefusal) {
    try check(rule, among: coming)
    var group = Group(rule: rule)
    group.dependencies = rule.dependsOn.sorted { $0.key < $1.key }
      .map { ($0.key, Conditions($0.value)) }
    if strategy == .restForOne, let last = order.last {
      group.dependencies.append((last, .inOrder))
    }
    group.dependents = awaited.removeValue(forKey: rule.name) ?? []
    groups[rule.name] = group
    order.append(rule.name)
    for dependency in group.dependencies {
      guard groups[dependency.group] != nil else {
        awaited[dependency.group, default: []].append(rule.name)
        continue
      }
      groups[dependency.group]?.dependents.append(rule.name)
    }
    unsettled.append(rule.name)
    guard let instances = rule.instances else {
      return makeChild(rule.name, of: rule.name, instance: 1, .init(of: rule))
    }
    for instance in 0..<instances {
      makeChild(
        "\(rule.name)-\(instance + 1)", of: rule.name, instance: instance + 1, .init(of: rule))
    }
  }

  /// Takes a group without children out of the order.
  mutating func unlink(_ group: Group) {
    let name = group.rule.name
    let before = group.dependencies.filter { $0.condition == .inOrder }
    for dependency in group.dependencies {
      groups[dependency.group]?.dependents.removeAll { $0 == name }
    }
    for dependent in group.dependents {
      // In the order of rest-for-one, the next one now follows the one before.
      groups[dependent]?.dependencies.removeAll { $0.group == name }
      groups[dependent]?.dependencies += before
      for dependency in before { groups[dependency.group]?.dependents.append(dependent) }
    }
    groups[name] = nil
    order.removeAll { $0 == name }
    unsettled += group.dependents
  }

  private func check(_ rule: ChildRule, among coming: Set<String>) throws(SupervisorRefusal) {
    let name = rule.name
    try refuseTaken(name)
    for instance in 0..<max(rule.instances ?? 0, 0) { try refuseTaken("\(name)-\(instance + 1)") }
    func refuse(_ why: String) -> SupervisorRefusal {
      SupervisorRefusal(.invalidSpecification, "\"\(name)\" \(why).")
    }
    if let instances = rule.instances, instances < 0 {
      throw refuse("cannot have \(instances) instances")
    }
    if rule.isSignificant, rule.restart == .permanent {
      throw refuse("is permanent, so it never ends by itself and cannot be significant")
    }
    if rule.isSignificant, automaticShutdown == .never {
      throw refuse("is significant, but \(self.name) never shuts down automatically")
    }
    for (other, condition) in rule.dependsOn.sorted(by: { $0.key < $1.key }) {
      guard other != name else { throw refuse("depends on itself") }
      guard groups[other] != nil || coming.contains(other) else {
        throw refuse("depends on \"\(other)\", which \(self.name) does not have")
      }
      if let restart = groups[other]?.rule.restart { try check(restart, other, condition, refuse) }
    }
    for dependent in awaited[name] ?? [] {
      guard let condition = groups[dependent]?.rule.dependsOn[name] else { continue }
      try check(rule.restart, name, condition) { why in
        SupervisorRefusal(.invalidSpecification, "\"\(dependent)\" \(why).")
      }
    }
  }

  private func check(
    _ restart: RestartType, _ other: String, _ condition: DependencyCondition,
    _ refuse: (String) -> SupervisorRefusal
  ) throws(SupervisorRefusal) {
    guard restart == .permanent, condition == .succeeded || condition == .ended else { return }
    throw refuse("would wait without end for \"\(other)\" to have \(condition): it is permanent")
  }

  /// Throws for a name that a rule or a child has.
  func refuseTaken(_ child: String) throws(SupervisorRefusal) {
    guard groups[child] == nil, children[child] == nil else {
      throw SupervisorRefusal(
        .nameTaken, "\(name) has a child \"\(child)\" already: names of siblings are unique.")
    }
  }

  /// The groups, each after those that it depends on, and those that are in a circle.
  var groupsInOrderOfDependencies: (names: [String], inCircle: Set<String>) {
    var missing = groups.mapValues { Set($0.dependencies.map(\.group)).count }
    var names = order.filter { missing[$0] == 0 }
    var next = 0
    while next < names.count {
      for dependent in Set(groups[names[next]]?.dependents ?? []) {
        missing[dependent, default: 0] -= 1
        if missing[dependent] == 0 { names.append(dependent) }
      }
      next += 1
    }
    return (names, Set(order).subtracting(names))
  }

  /// Throws for groups that depend on each other, with the circle written out.
  func refuseCycles() throws(SupervisorRefusal) {
    let rest = groupsInOrderOfDependencies.inCircle
    guard var name = order.first(where: rest.contains) else { return }
    var path: [String] = []
    // Each of them depends on another one of them, so the way leads into the circle.
    while !path.contains(name) {
      path.append(name)
      guard let next = groups[name]?.dependencies.first(where: { rest.contains($0.group) })
      else { return }
      name = next.group
    }
    let circle = path.drop { $0 != name } + [name]
    throw SupervisorRefusal(
      .invalidSpecification,
      "Dependencies go in a circle: \(circle.joined(separator: " → ")).")
  }
}
