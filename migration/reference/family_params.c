/* Whole subjects that are not supported yet, and what belongs to other drivers and tests. */
#include "migration/reference/reference.h"

#define SECTION "not supported yet"

#define OFF WORDS("no", "off", "0")

#define LIBVIRT "only libvirt's tests read it"
#define LIBVIRT_MOVE                                                                               \
    "it belongs to libvirt's tests; here -m names the hosts and mig_protocol, mig_port the way"
#define INSTALL "no guest is installed"
#define UNIT_TESTS "kvm-unit-tests are not run"
#define NUMA "guests have no NUMA topology, and nothing is bound to a host's nodes"
#define HUGEPAGES "guests' memory is not made of huge pages"
#define HOST_MEMORY "the host's memory management is left alone"
#define NO_IOMMU "VMs have no IOMMU"
#define NO_SHARED_FS "no folder of the host is shared with a guest"
#define NO_TPM "a TPM is as tpm_type, tpm_model, tpm_version and tpm_bin say"
#define NO_SECURE "guests are not encrypted or measured"
#define NO_MEMORY_DEVICES "memory modules are DIMMs"
#define NO_BALLOON "a balloon is asked for by balloon_dev_devid"
#define NO_DEVICE "VMs have no such device"
#define NO_THROTTLE "disks are not throttled"
#define NO_DISKS "an image is used as it is, and nothing is set up for it"
#define NO_SANDBOX "QEMU runs without a sandbox of its own"
#define NO_TRACES "QEMU is run as it is, without a tool around it"
#define NO_NESTED "no VM runs inside a guest for a test"
#define NO_SYSPREP "guests' images are not changed before a test"
#define NO_PORTS "VMs have no virtio port but the agent's (login_ways = agent)"
#define NO_COBBLER "hosts are not installed or reserved"
#define OTHER_MACHINES "VMs are x86_64 with the machine types that QEMU has for them"
#define NO_NETPERF "no load runs over the network"

const struct param_info reference_family_params[] = {
    NOT_YET("guest_numa_*", STRING, VM, NULL, NUMA, "NUMA topology of the guest"),
    NOT_YET("numa*", STRING, VM, OFF, NUMA, "NUMA"),
    NOT_YET("hugepage*", STRING, VM, OFF, HUGEPAGES, "huge pages"),
    NOT_YET("setup_hugepages", STRING, VM, OFF, HUGEPAGES, "whether huge pages are reserved"),
    NOT_YET("target_hugepages", STRING, VM, NULL, HUGEPAGES, "how many"),
    NOT_YET("vm_mem_backend*", STRING, VM, NULL, HUGEPAGES, "what a guest's memory is made of"),
    NOT_YET("setup_ksm", STRING, TEST, OFF, HOST_MEMORY, "whether KSM is set up"),
    NOT_YET("ksm_*", STRING, TEST, OFF, HOST_MEMORY, "KSM"),
    NOT_YET("setup_thp", STRING, TEST, OFF, HOST_MEMORY, "whether transparent huge pages are set"),
    NOT_YET("thp_*", STRING, TEST, OFF, HOST_MEMORY, "transparent huge pages"),
    NOT_YET("realtime_mlock", STRING, VM, OFF, HOST_MEMORY, "whether QEMU's memory is locked"),
    NOT_YET("iommu*", STRING, VM, OFF, NO_IOMMU, "IOMMU"),
    NOT_YET("intel_iommu", STRING, VM, OFF, NO_IOMMU, "IOMMU"),
    NOT_YET("virtio_iommu", STRING, VM, OFF, NO_IOMMU, "IOMMU"),
    NOT_YET("enable_guest_iommu", STRING, VM, OFF, NO_IOMMU, "IOMMU"),
    NO_MATTER("vf_filter_re", STRING, TEST, "it counts only with pci_assignable",
              "which virtual functions"),
    NO_MATTER("pf_filter_re", STRING, TEST, "it counts only with pci_assignable",
              "which physical functions"),
    NOT_YET("filesystems", LIST, VM, NULL, NO_SHARED_FS, "9p and virtiofs"),
    NOT_YET("fs_*", STRING, VM, NULL, NO_SHARED_FS, "9p and virtiofs"),
    NOT_YET("tpm_*", STRING, VM, OFF, NO_TPM, "a TPM"),
    NOT_YET("vm_secure_guest_*", STRING, VM, NULL, NO_SECURE, "secure guests"),
    NOT_YET("vm_sev_*", STRING, VM, NULL, NO_SECURE, "AMD SEV"),
    NOT_YET("vm_sgx_*", STRING, VM, NULL, NO_SECURE, "Intel SGX"),
    NOT_YET("vm_memdev_model", STRING, DEVICE, WORDS("dimm"), "memory modules are DIMMs",
            "model of a memory module"),
    NOT_YET("nvdimm*", STRING, VM, OFF, NO_MEMORY_DEVICES, "non-volatile memory"),
    NOT_YET("nv_backend", STRING, VM, NULL, NO_MEMORY_DEVICES, "non-volatile memory"),
    NOT_YET("balloon*", STRING, VM, OFF, NO_BALLOON, "balloon"),
    NOT_YET("rng_*", STRING, VM, NULL, "entropy devices are as virtio_rngs and backend say",
            "an entropy device"),
    NO_MATTER("backend_rng*", STRING, VM, "it counts only with virtio_rngs",
              "what an entropy device reads"),
    NOT_YET("setup_egd", STRING, TEST, OFF, "no entropy server is set up", "entropy server"),
    NOT_YET("egd*", STRING, TEST, OFF, "no entropy server is set up", "entropy server"),
    NOT_YET("smartcard*", STRING, VM, OFF, NO_DEVICE, "smart card"),
    NOT_YET("sound*", STRING, VM, OFF, NO_DEVICE, "sound card"),
    NOT_YET("inputs", LIST, VM, NULL, NO_DEVICE, "input devices"),
    NO_MATTER("input_*", STRING, VM, "it counts only with inputs", "an input device"),
    NOT_YET("throttle_group*", STRING, VM, NULL, NO_THROTTLE, "throttle groups"),
    NOT_YET("image_throttle_*", STRING, IMAGE, NULL, NO_THROTTLE, "a disk's throttle group"),

    NOT_YET("image_encryption*", STRING, IMAGE, OFF, NO_DISKS, "encryption of an image"),
    NOT_YET_SECRET("image_secret*", IMAGE, NO_DISKS, "secret of an image"),
    NOT_YET("image_slice*", STRING, IMAGE, NULL, NO_DISKS, "slices of an image"),
    NOT_YET("image_filter_*", STRING, IMAGE, NULL, NO_DISKS, "block filters"),
    NOT_YET("drive_blkdebug*", STRING, IMAGE, NULL, NO_DISKS, "made-up disk errors"),
    NOT_YET("blkdebug*", STRING, IMAGE, NULL, NO_DISKS, "made-up disk errors"),
    NOT_YET("pr_manager*", STRING, IMAGE, NULL, NO_DISKS, "persistent reservations"),
    NOT_YET("enable_iscsi", STRING, IMAGE, OFF, NO_DISKS, "images on iSCSI"),
    NOT_YET("iscsi_*", STRING, IMAGE, NULL, NO_DISKS, "images on iSCSI"),
    NOT_YET("enable_gluster", STRING, IMAGE, OFF, NO_DISKS, "images on Gluster"),
    NO_MATTER("gluster_managed_by_test", STRING, TEST, "it counts only with enable_gluster",
              "whether the test sets Gluster up"),
    NOT_YET("gluster_*", STRING, IMAGE, NULL, NO_DISKS, "images on Gluster"),
    NOT_YET("enable_ceph", STRING, IMAGE, OFF, NO_DISKS, "images on Ceph"),
    NOT_YET("ceph_*", STRING, IMAGE, NULL, NO_DISKS, "images on Ceph"),
    NOT_YET("rbd_*", STRING, IMAGE, NULL, NO_DISKS, "images on Ceph"),
    NOT_YET("enable_nbd", STRING, IMAGE, OFF, NO_DISKS, "images on NBD"),
    NOT_YET("nbd_*", STRING, IMAGE, NULL, NO_DISKS, "images on NBD"),
    NOT_YET("enable_ssh", STRING, IMAGE, OFF, NO_DISKS, "images over SSH"),
    NOT_YET("image_ssh_*", STRING, IMAGE, NULL, NO_DISKS, "images over SSH"),
    NOT_YET("enable_curl", STRING, IMAGE, OFF, NO_DISKS, "images over HTTP"),
    NOT_YET("curl_*", STRING, IMAGE, NULL, NO_DISKS, "images over HTTP"),
    NOT_YET("enable_nvme", STRING, IMAGE, OFF, NO_DISKS, "NVMe devices of the host"),
    NOT_YET("nvme_*", STRING, IMAGE, NULL, NO_DISKS, "NVMe devices of the host"),
    NOT_YET("lvm_*", STRING, IMAGE, NULL, NO_DISKS, "images on LVM"),
    NOT_YET("lv_name", STRING, IMAGE, NULL, NO_DISKS, "images on LVM"),
    NOT_YET("vg_name", STRING, IMAGE, NULL, NO_DISKS, "images on LVM"),
    NOT_YET("setup_local_nfs", STRING, IMAGE, OFF, NO_DISKS, "whether NFS is set up"),
    NOT_YET("nfs_*", STRING, IMAGE, NULL, NO_DISKS, "images on NFS"),

    NOT_YET("qemu_sandbox*", STRING, VM, OFF, NO_SANDBOX, "QEMU's own sandbox"),
    NOT_YET("seccomp*", STRING, VM, OFF, NO_SANDBOX, "QEMU's own sandbox"),
    NOT_YET("gcov_qemu", STRING, TEST, OFF, NO_TRACES, "coverage of QEMU"),
    NO_MATTER("gcov_*", STRING, TEST, "it counts only with gcov_qemu = yes", "coverage"),
    NOT_YET("enable_strace", STRING, VM, OFF, NO_TRACES, "system calls of QEMU"),
    NOT_YET("strace*", STRING, VM, OFF, NO_TRACES, "system calls of QEMU"),
    NO_MATTER("sosreport_*", STRING, TEST, "no sosreport is made", "sosreport"),
    NOT_YET("run_nested_guest_test", STRING, TEST, OFF, NO_NESTED, "tests in a nested guest"),
    NOT_YET("nested_*", STRING, TEST, OFF, NO_NESTED, "nested guests"),
    NOT_YET("sysprep_required", STRING, TEST, OFF, NO_SYSPREP, "whether an image is made general"),
    NO_MATTER("sysprep_*", STRING, TEST, "it counts only with sysprep_required = yes", "sysprep"),
    NOT_YET("vsock_*", STRING, VM, NULL, NO_DEVICE, "a vsock device"),
    NOT_YET("virtio_ports", LIST, VM, NULL, NO_PORTS, "virtio serial ports"),
    NOT_YET("virtio_port_*", STRING, VM, NULL, NO_PORTS, "a virtio serial port"),
    NOT_YET("virtio_consoles", LIST, VM, NULL, NO_PORTS, "virtio consoles"),
    NOT_YET("guest_agent*", STRING, VM, OFF, NO_PORTS, "guest agent"),
    NOT_YET("gagent_*", STRING, VM, OFF, NO_PORTS, "guest agent"),
    NOT_YET("passt_*", STRING, VM, NULL, "cards are connected to QEMU's user network only",
            "passt"),
    NOT_YET("net_port_forwards", STRING, VM, NULL,
            "cards are connected to QEMU's user network only", "ports that passt forwards"),

    NOT_YET("virtio_dev_*", STRING, VM, NULL, "virtio devices are as QEMU makes them",
            "properties of all virtio devices"),
    NOT_YET("pci_bus", STRING, VM, WORDS("pci.0"), "devices are on the VM's own bus",
            "bus that devices are on"),
    NOT_YET("aavmf_*", STRING, VM, NULL, OTHER_MACHINES, "firmware of aarch64"),
    NOT_YET("power9_compat*", STRING, VM, OFF, OTHER_MACHINES, "ppc64"),
    NOT_YET("restore_smt", STRING, TEST, OFF, OTHER_MACHINES, "ppc64"),

    NO_MATTER("connect_uri", STRING, TEST, LIBVIRT, "libvirt's URI"),
    NO_MATTER("migrate_main_vm", STRING, TEST, LIBVIRT_MOVE, "VM that moves"),
    NO_MATTER("migrate_source_*", STRING, TEST, LIBVIRT_MOVE, "host that it leaves"),
    NO_MATTER("migrate_dest_*", STRING, TEST, LIBVIRT_MOVE, "host that it goes to"),
    NO_MATTER("migrate_desturi_*", STRING, TEST, LIBVIRT_MOVE, "host that it goes to"),
    NO_MATTER("migrate_proto", STRING, TEST, LIBVIRT_MOVE, "transport"),
    NO_MATTER("migrate_port", STRING, TEST, LIBVIRT_MOVE, "port"),
    NO_MATTER("migrate_load_vms", STRING, TEST, LIBVIRT_MOVE, "VMs with load"),
    NO_MATTER("migrate_shared_storage", STRING, TEST, LIBVIRT_MOVE, "shared folder"),
    NO_MATTER("migrate_thread_timeout", STRING, TEST, LIBVIRT_MOVE, "limit"),
    NO_MATTER("migrate_vm_back", STRING, TEST, LIBVIRT_MOVE, "whether the VM comes back"),
    NO_MATTER("migration_setup", STRING, TEST, LIBVIRT_MOVE, "whether hosts are set up"),
    NO_MATTER("virsh_*", STRING, TEST, LIBVIRT, "options of virsh"),
    NO_MATTER("kill_vm_libvirt*", STRING, TEST, LIBVIRT, "whether the definition is removed"),
    NO_MATTER("create_vm_libvirt", STRING, TEST, LIBVIRT, "whether a VM is defined"),
    NO_MATTER("libvirt*", STRING, TEST, LIBVIRT, "libvirt and its daemon"),
    NO_MATTER("enable_libvirtd_*", STRING, TEST, LIBVIRT, "libvirt's daemon"),
    NO_MATTER("enable_split_libvirtd_*", STRING, TEST, LIBVIRT, "libvirt's daemons"),
    NO_MATTER("store_libvirt_vm_logs", STRING, TEST, LIBVIRT, "whether libvirt's logs are kept"),
    NO_MATTER("memballoon_model", STRING, TEST, LIBVIRT, "balloon"),
    NO_MATTER("setup_libvirt_polkit", STRING, TEST, LIBVIRT, "polkit"),
    NO_MATTER("polkit*", STRING, TEST, LIBVIRT, "polkit"),

    NOT_YET("unattended_*", STRING, TEST, NULL, INSTALL, "unattended installation"),
    NOT_YET("images_good", LIST, TEST, NULL, INSTALL, "images that installations are compared to"),
    NOT_YET("syslog_server_*", STRING, TEST, OFF, INSTALL, "log of an installation"),
    NO_MATTER("guest_port_unattended_install", STRING, TEST,
              "it counts only with unattended_install in redirs", "port of an installer"),
    NOT_YET("install_virtio", STRING, TEST, OFF, INSTALL, "whether Windows gets its drivers"),
    NOT_YET("whql_*", STRING, TEST, NULL, "Windows' own tests are not run", "WHQL"),
    NOT_YET("windows_verifier*", STRING, TEST, OFF, "Windows' own tests are not run",
            "driver verifier"),
    NOT_YET("check_guest_bsod", STRING, VM, OFF, "screens are not looked at",
            "whether blue screens are looked for"),
    NOT_YET("cobbler*", STRING, TEST, OFF, NO_COBBLER, "installation of hosts"),
    NOT_YET("farm*", STRING, TEST, OFF, NO_COBBLER, "farms of hosts"),

    NOT_YET("testdev", STRING, TEST, OFF, UNIT_TESTS, "the device of kvm-unit-tests"),
    NOT_YET("test_list", LIST, TEST, NULL, UNIT_TESTS, "unit tests that run"),
    NOT_YET("unittest_*", STRING, TEST, NULL, UNIT_TESTS, "kvm-unit-tests"),
    NOT_YET("user_git_repo", STRING, TEST, NULL, UNIT_TESTS, "where their source is"),
    NOT_YET("user_branch", STRING, TEST, NULL, UNIT_TESTS, "branch of their source"),
    NOT_YET("user_lbranch", STRING, TEST, NULL, UNIT_TESTS, "its local name"),
    NOT_YET("test_git_repo", STRING, TEST, NULL, UNIT_TESTS, "where their source is"),
    NOT_YET("extra_configure_options", STRING, TEST, NULL, "nothing is built on hosts",
            "options of a build"),
    NOT_YET("load_modules", STRING, TEST, OFF, "the host's kernel modules are left alone",
            "whether modules that were built are loaded"),
    NOT_YET("save_results", STRING, TEST, OFF, "nothing is built on hosts",
            "whether what was built is kept"),
    END,
};
