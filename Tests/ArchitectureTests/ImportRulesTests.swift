import Testing

/// The checker finds what it is there to find.
@Suite struct ImportRulesTests {
  private func reasons(_ text: String, in path: String) -> [String] {
    ImportRules().violations(in: [SourceFile(path: path, text: text)]).map(\.description)
  }

  @Test(arguments: [
    ("import Links", "Sources/ZeroMQ/A.swift", "ZeroMQ may not import Links"),
    ("import ZeroMQ", "Sources/ProcessControl/A.swift", "ProcessControl may not import ZeroMQ"),
    ("import Foundation", "Sources/Wire/Deep/A.swift", "Wire may not import Foundation"),
    ("import ZeroMQ", "Sources/ProcessTree/A.swift", "ProcessTree may not import ZeroMQ"),
    (
      "@preconcurrency import class Links.Loop", "Examples/A.swift",
      "ProcessTreeExamples may not import Links"
    ),
    (
      "internal import ProcessTreeLinks", "Sources/ZeroMQ/A.swift", "ZeroMQ may not import Links"
    ),
    ("  internal import Supervision", "Sources/Links/A.swift", "Links may not import Supervision"),
    ("public import Links", "Sources/ProcessTree/A.swift", "ProcessTree may not show Links"),
    ("public import Glibc", "Sources/ZeroMQ/A.swift", "ZeroMQ may not show Glibc"),
    ("@_exported public import Logging", "Sources/ProcessTree/A.swift", "Exports.swift"),
    ("@testable import Wire", "Sources/Links/A.swift", "@testable"),
    ("import Glibc; import Links", "Sources/Wire/A.swift", "Wire may not import Links"),
    ("", "Sources/Stranger/A.swift", "the target Stranger has no import rule"),
  ])
  func badImportsAreFound(_ text: String, _ path: String, _ reason: String) {
    let found = reasons("// Comment.\n\(text)\n", in: path)
    #expect(found.count == 1)
    #expect(found.first?.contains(reason) == true)
    #expect(found.first?.hasPrefix(path) == true)
  }

  @Test(arguments: [
    ("import ProcessTreeCZeroMQ\nimport Glibc", "Sources/ZeroMQ/A.swift"),
    ("package import ProcessTreeWire", "Sources/Links/A.swift"),
    ("public import Logging", "Sources/ProcessTree/A.swift"),
    ("@_exported public import Supervision", "Sources/ProcessTree/Exports.swift"),
    ("// import Links", "Sources/ZeroMQ/A.swift"),
    ("let text = \"\"\"\nimport Links\n\"\"\"", "Sources/ZeroMQ/A.swift"),
    ("important(Links)", "Sources/ZeroMQ/A.swift"),
    ("import Foundation", "Tests/ZeroMQTests/A.swift"),
  ])
  func goodImportsAreLeftAlone(_ text: String, _ path: String) {
    #expect(reasons(text, in: path) == [])
  }

  @Test func theLineIsTold() {
    let file = SourceFile(path: "Sources/Wire/A.swift", text: "\n\nimport Links\n")
    #expect(ImportRules().violations(in: [file]).map(\.line) == [3])
  }

  @Test(arguments: [
    ("#include <zmq.h>", "may include the C library only"),
    ("  # include \"zmq_shim.h\"", "is not a header of CLinux"),
  ])
  func badIncludesAreFound(_ text: String, _ reason: String) {
    let file = SourceFile(path: "Sources/CLinux/a.c", text: text)
    #expect(IncludeRules.violations(in: [file]).first?.reason.contains(reason) == true)
  }

  @Test func goodIncludesAreLeftAlone() {
    let files = [
      SourceFile(path: "Sources/CLinux/a.c", text: "#include \"own.h\"\n#include <sys/epoll.h>"),
      SourceFile(path: "Sources/CLinux/include/own.h", text: ""),
      SourceFile(path: "Sources/CZeroMQ/include/CZeroMQ.h", text: "#include <zmq.h>"),
    ]
    #expect(IncludeRules.violations(in: files) == [])
  }
}
