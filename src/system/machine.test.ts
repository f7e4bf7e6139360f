import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { readMachine } from "./machine.js";

const machineWith = (files: Readonly<Record<string, string>>) =>
  readMachine({ processors: 8, memoryBytes: 16e9, read: (path) => files[path] ?? null });

describe("the machine", () => {
  it("is what the system says where nothing limits", () => {
    assert.deepEqual(machineWith({}), { cores: 8, memoryBytes: 16e9 });
    const unlimited = {
      "/proc/self/cgroup": "0::/user.slice/app\n",
      "/sys/fs/cgroup/user.slice/app/cpu.max": "max 100000\n",
      "/sys/fs/cgroup/user.slice/app/memory.max": "max\n",
    };
    assert.deepEqual(machineWith(unlimited), { cores: 8, memoryBytes: 16e9 });
  });

  it("is what the narrowest of its control groups allows", () => {
    const limited = {
      "/proc/self/cgroup": "0::/slice/app\n",
      "/sys/fs/cgroup/slice/app/cpu.max": "300000 100000\n",
      "/sys/fs/cgroup/slice/cpu.max": "150000 100000\n",
      "/sys/fs/cgroup/slice/app/memory.max": "500000000\n",
    };
    assert.deepEqual(machineWith(limited), { cores: 1.5, memoryBytes: 5e8 });
  });

  it("reads the first version of control groups too", () => {
    const limited = {
      "/proc/self/cgroup": "4:memory:/box\n1:cpu,cpuacct:/box\n0::/\n",
      "/sys/fs/cgroup/cpu,cpuacct/box/cpu.cfs_quota_us": "50000\n",
      "/sys/fs/cgroup/cpu,cpuacct/box/cpu.cfs_period_us": "100000\n",
      "/sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us": "-1\n",
      "/sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us": "100000\n",
      "/sys/fs/cgroup/memory/box/memory.limit_in_bytes": "1000000000\n",
    };
    assert.deepEqual(machineWith(limited), { cores: 0.5, memoryBytes: 1e9 });
  });

  it("has a core and memory where the tests run", () => {
    const { cores, memoryBytes } = readMachine();
    assert.ok(cores > 0 && memoryBytes > 0);
  });
});
