/* Machines of all kinds of devices, and what the domain XML of each must have in it. */
#pragma once

#include "tests/unit/domain_help.h"

/* What the XML of a case must have in it, line by line. */
struct expectation {
    struct domain_case input;
    const char *has[10];
};

static const struct expectation guests[] = {
    {{.boot = &domain_tick, .ram_bytes = 32760 << 10},
     {"<domain type=\"qemu\" xmlns:qemu=\"http://libvirt.org/schemas/domain/qemu/1.0\">",
      "<name>vtmh-1-vm1</name>", "<uuid>7a2d3c52-0b55-4e54-9d4d-3f4b0c0f5a11</uuid>",
      "<type arch=\"x86_64\" machine=\"pc-i440fx-7.2\">hvm</type>",
      "<loader readonly=\"yes\" type=\"rom\">/g/tick.rom</loader>",
      "<model fallback=\"forbid\">qemu64</model>",
      "<source mode=\"connect\" path=\"/run/vtmh/vm1.serial\"/>",
      "<qemu:arg value=\"memory-backend-ram,id=vtmh.ram,size=33546240\"/>"}},
    {{.boot = &domain_jeos},
     {"<kernel>/g/vmlinuz</kernel>", "<initrd>/g/initrd</initrd>",
      "<cmdline>console=ttyS0 quiet</cmdline>", "<memory unit=\"KiB\">65536</memory>",
      "<qemu:arg value=\"user,id=net0,hostfwd=tcp:127.0.0.1:0-:22\"/>",
      "<backend model=\"builtin\"/>", "<controller type=\"usb\" model=\"none\"/>",
      "<memballoon model=\"none\"/>"}},
};

static const struct expectation boards[] = {
    {{.boot = &domain_jeos,
      .kvm = true,
      .machine = "pc-q35-7.2",
      .cpu = "host,+vmx,-svm,x2apic=off,kvm_pv_eoi=on",
      .params = "machine_type_extra_params=,usb=off;uuid=9b2a0f7e-6a2c-4c1e-9d55-0d6c1f3b7a10"},
     {"<domain type=\"kvm\"", "<cpu mode=\"host-passthrough\" check=\"none\">",
      "<feature policy=\"require\" name=\"vmx\"/>", "<feature policy=\"disable\" name=\"svm\"/>",
      "<feature policy=\"disable\" name=\"x2apic\"/>", "<qemu:arg value=\"usb=off\"/>",
      "<qemu:arg value=\"host,+vmx,-svm,x2apic=off,kvm_pv_eoi=on\"/>",
      "<uuid>9b2a0f7e-6a2c-4c1e-9d55-0d6c1f3b7a10</uuid>"}},
    {{.boot = &domain_tick, .cpu = "Nehalem,level=13,+x2apic"},
     {"<model fallback=\"forbid\">Nehalem</model>", "<qemu:arg value=\"-cpu\"/>",
      "<qemu:arg value=\"Nehalem,level=13,+x2apic\"/>"}},
    {{.boot = &domain_tick, .cpu = "Nehalem-v2,+x2apic"},
     {"<model fallback=\"forbid\">Nehalem</model>", "<feature policy=\"require\" name=\"x2apic\"/>",
      "<qemu:arg value=\"Nehalem-v2,+x2apic\"/>"}},
    {{.boot = &domain_tick, .cpu = "max"}, {"<cpu mode=\"maximum\" check=\"none\">"}},
    {{.boot = &domain_tick, .params = "smp=4"},
     {"<vcpu>4</vcpu>", "<topology sockets=\"1\" dies=\"1\" cores=\"4\" threads=\"1\"/>"}},
    {{.boot = &domain_tick, .machine = "pc-i440fx-6.1", .params = "smp=4"},
     {"<topology sockets=\"4\" dies=\"1\" cores=\"1\" threads=\"1\"/>"}},
    {{.boot = &domain_tick,
      .params = "smp=2;vcpu_maxcpus=8;vcpu_sockets=2;vcpu_threads=2;vcpu_devices=c1"},
     {"<vcpu current=\"2\">8</vcpu>",
      "<topology sockets=\"2\" dies=\"1\" cores=\"2\" threads=\"2\"/>"}},
    {{.boot = &domain_tick, .params = "rtc_base=localtime;rtc_clock=vm;rtc_drift=slew"},
     {"<clock offset=\"localtime\">",
      "<timer name=\"rtc\" track=\"guest\" tickpolicy=\"catchup\"/>"}},
    {{.boot = &domain_tick, .params = "rtc_base=2026-01-31T12:00:00"},
     {"<clock offset=\"absolute\" start=\"1769860800\">"}},
    {{.boot = &domain_tick, .params = "rtc_base=2026-01-31"}, {"start=\"1769817600\""}},
    {{.boot = &domain_tick, .params = "extra_params=-global 'a.b=\"<&>\"'"},
     {"<qemu:arg value=\"-global\"/>", "<qemu:arg value=\"a.b=&quot;&lt;&amp;&gt;&quot;\"/>"}},
};

static const struct expectation memories[] = {
    {{.boot = &domain_tick,
      .needs_host = true,
      .params = "hugepage=yes;vm_mem_share=yes;numanode=0"},
     {"<hugepages/>", "<source type=\"memfd\"/>", "<access mode=\"shared\"/>",
      "<allocation mode=\"immediate\"/>", "<memory mode=\"strict\" nodeset=\"0\"/>"}},
    {{.boot = &domain_tick,
      .needs_host = true,
      .params = "vm_mem_backend=memory-backend-file;hugepage=yes"},
     {"<source type=\"file\"/>", "<access mode=\"private\"/>"}},
    {{.boot = &domain_tick,
      .params = "vm_mem_backend=memory-backend-file;vm_mem_backend_path=/dev/shm"},
     {"<qemu:arg value=\"memory-backend-file,id=vtmh.ram,size=67108864,mem-path=/dev/shm\"/>",
      "<qemu:arg value=\"memory-backend=vtmh.ram\"/>"}},
    {{.boot = &domain_tick, .params = "slots=2;maxmem=256;mem_devs=d1;size_mem_d1=32M"},
     {"<maxMemory unit=\"KiB\" slots=\"2\">262144</maxMemory>", "<memory model=\"dimm\"",
      "<cell id=\"0\" cpus=\"0-0\" memory=\"65536\" unit=\"KiB\"/>",
      "<size unit=\"KiB\">32768</size>", "<alias name=\"ua-d1\"/>"}},
    {{.boot = &domain_tick,
      .ram_bytes = 32760 << 10,
      .params = "slots=2;maxmem=256;mem_devs=d1;size_mem_d1=32M"},
     {"<qemu:arg value=\"size=32760k,slots=2,maxmem=262144k\"/>",
      "<qemu:arg value=\"pc-dimm,id=d1,memdev=mem-d1\"/>"}},
};

static const struct expectation firmwares[] = {
    {{.boot = &domain_image,
      .machine = "pc-q35-7.2",
      .params = "ovmf_code_filename=OVMF_CODE.fd;ovmf_vars_filename=OVMF_VARS.fd;ovmf_path=/o;"
                "image_name=/i/a;image_format=qcow2"},
     {"<loader readonly=\"yes\" type=\"pflash\">/o/OVMF_CODE.fd</loader>",
      "<nvram template=\"/o/OVMF_VARS.fd\">/run/vtmh/vm1-vars.fd</nvram>", "<boot dev=\"hd\"/>",
      "<boot dev=\"cdrom\"/>"}},
    {{.boot = &domain_image,
      .params = "image_name=/i/a;boot_order=dc;boot_menu=on;boot_strict=off"},
     {"<boot dev=\"cdrom\"/>\n    <boot dev=\"hd\"/>", "<bootmenu enable=\"yes\"/>",
      "<qemu:arg value=\"strict=off\"/>"}},
    {{.boot = &domain_image, .params = "image_name=/i/a;bootindex=3;boot_order=dc"},
     {"<boot order=\"4\"/>", "<qemu:arg value=\"order=dc\"/>"}},
    {{.boot = &domain_image, .params = "image_name=/i/a;image_verify_bootable=yes"},
     {"<qemu:arg value=\"ringbuf,id=debugcon,size=65536\"/>",
      "<qemu:arg value=\"isa-debugcon,chardev=debugcon,iobase=1026\"/>"}},
};

#define DISK "images=a;image_name=/i/a.qcow2;image_format=qcow2;"

static const struct expectation disks[] = {
    {{.boot = &domain_image,
      .params = DISK "drive_cache=none;image_aio=native;image_discard=unmap;drive_werror=enospc;"
                     "drive_rerror=stop;drive_serial=S1;iothreads=x io1;image_iothread=io1;"
                     "bootindex=0;drv_extra_params=detect-zeroes=on"},
     {"<disk device=\"disk\" type=\"file\">", "<source file=\"/i/a.qcow2\"/>",
      "<driver name=\"qemu\" type=\"qcow2\" cache=\"none\" io=\"native\" "
      "error_policy=\"enospace\" rerror_policy=\"stop\" discard=\"unmap\" "
      "detect_zeroes=\"on\" iothread=\"2\"/>",
      "<target dev=\"vda\" bus=\"virtio\"/>", "<serial>S1</serial>", "<boot order=\"1\"/>",
      "<alias name=\"ua-a\"/>", "<iothreads>2</iothreads>"}},
    {{.boot = &domain_image,
      .params = "images=a.b c;image_name=/dev/vg/lv;image_format=raw;image_raw_device=yes;"
                "image_readonly_c=yes;drive_cache=writethrough;blk_extra_params=queue-size=64"},
     {"<disk device=\"disk\" type=\"block\">", "<source dev=\"/dev/vg/lv\"/>",
      "cache=\"writethrough\"", "<readonly/>", "<alias name=\"ua-a_b\"/>",
      "<target dev=\"vdb\" bus=\"virtio\"/>", "<qemu:device alias=\"ua-c\">",
      "<qemu:property name=\"queue-size\" type=\"unsigned\" value=\"64\"/>"}},
    {{.boot = &domain_image,
      .params =
          DISK "drive_format=scsi-hd;drive_lun=3;drive_bus=1;bus_extra_params=max_sectors=512"},
     {"<controller type=\"scsi\" index=\"0\" model=\"virtio-scsi\">",
      "<target dev=\"sda\" bus=\"scsi\"/>",
      "<address type=\"drive\" controller=\"0\" bus=\"0\" target=\"0\" unit=\"3\"/>",
      "<qemu:device alias=\"ua-scsi1\">",
      "<qemu:property name=\"max_sectors\" type=\"unsigned\" value=\"512\"/>"}},
    {{.boot = &domain_image,
      .params = "images=a b;image_name_a=/i/a;image_name_b=/i/b;drive_format=scsi-hd;"
                "scsi_hba=lsi53c895a"},
     {"model=\"lsilogic\"", "target=\"0\" unit=\"1\"/>"}},
    {{.boot = &domain_image,
      .params = "images=a b c;image_name_a=/i/a;image_name_b=/i/b;image_name_c=/i/c;"
                "drive_format=ide"},
     {"<target dev=\"hda\" bus=\"ide\"/>", "bus=\"1\" target=\"0\" unit=\"0\"/>"}},
    {{.boot = &domain_image, .params = DISK "drive_format=ahci"},
     {"<controller type=\"sata\" index=\"0\">", "<target dev=\"sda\" bus=\"sata\"/>"}},
    {{.boot = &domain_image, .machine = "pc-q35-7.2", .params = DISK "drive_format=ide"},
     {"<target dev=\"sda\" bus=\"sata\"/>"}},
    {{.boot = &domain_image, .params = DISK "drive_format=usb1"},
     {"<controller type=\"usb\" index=\"0\" model=\"piix3-uhci\">",
      "<address type=\"usb\" bus=\"0\" port=\"1\"/>"}},
    {{.boot = &domain_image, .params = DISK "drive_format=usb2"}, {"model=\"ich9-ehci1\""}},
    {{.boot = &domain_image, .params = DISK "drive_format=usb3"}, {"model=\"qemu-xhci\""}},
    {{.boot = &domain_image, .params = DISK "drive_format=nvme"},
     {"<qemu:arg value=\"nvme,id=a,drive=drive_a,serial=a,bus=pci.0,addr=0x19\"/>"}},
};

#define URL(url_) "images=a;image_format=raw;image_name=" url_

static const struct expectation servers[] = {
    {{.boot = &domain_image, .params = URL("nfs://h/v/a.img")},
     {"<source protocol=\"nfs\" name=\"/v/a.img\">", "<host name=\"h\"/>",
      "<identity user=\"+0\" group=\"+0\"/>"}},
    {{.boot = &domain_image, .params = URL("gluster://h/vol/d/a.img")},
     {"<source protocol=\"gluster\" name=\"vol/d/a.img\">", "<host name=\"h\" port=\"24007\"/>"}},
    {{.boot = &domain_image, .params = URL("gluster+unix:///vol/a.img?socket=/run/g")},
     {"<host transport=\"unix\" socket=\"/run/g\"/>"}},
    {{.boot = &domain_image, .params = URL("iscsi://h:3261/iqn.2026-01.a:b/1")},
     {"<source protocol=\"iscsi\" name=\"iqn.2026-01.a:b/1\">",
      "<host name=\"h\" port=\"3261\"/>"}},
    {{.boot = &domain_image, .params = URL("nbd://h/e")},
     {"<source protocol=\"nbd\" name=\"e\">", "<host name=\"h\" port=\"10809\"/>"}},
    {{.boot = &domain_image, .params = URL("nbd+unix:///e?socket=/run/n")},
     {"<host transport=\"unix\" socket=\"/run/n\"/>"}},
    {{.boot = &domain_image, .params = URL("rbd:p/i@s:conf=/c")},
     {"<source protocol=\"rbd\" name=\"p/i\">", "<snapshot name=\"s\"/>", "<config file=\"/c\"/>"}},
    {{.boot = &domain_image, .params = URL("https://h:8443/d/a.img?x=1")},
     {"<source protocol=\"https\" name=\"d/a.img\" query=\"x=1\">",
      "<host name=\"h\" port=\"8443\"/>"}},
};

static const struct vm_boot cloud = {.network = true, .seed = "/run/vtmh/seed.iso"};

static const struct expectation discs[] = {
    {{.boot = &domain_image,
      .params = "cdroms=a b;cdrom_a=/i/a.iso;cdrom_without_file_b=yes;cd_format_b=scsi-cd"},
     {"<disk device=\"cdrom\" type=\"file\">", "<source file=\"/i/a.iso\"/>", "<readonly/>",
      "<target dev=\"hda\" bus=\"ide\"/>", "<target dev=\"sda\" bus=\"scsi\"/>"}},
    {{.boot = &domain_image, .params = "cdroms=a;cdrom=/i/a.iso;cd_format=ahci"}, {"bus=\"sata\""}},
    {{.boot = &domain_image, .params = "cdroms=a;cdrom=/i/a.iso;cd_format=usb3"}, {"bus=\"usb\""}},
    {{.boot = &domain_image, .params = "floppies=a b;floppy_name_a=/i/a;floppy_name_b=/i/b"},
     {"<disk device=\"floppy\" type=\"file\">", "<target dev=\"fda\" bus=\"fdc\"/>",
      "<target dev=\"fdb\" bus=\"fdc\"/>",
      "<address type=\"drive\" controller=\"0\" bus=\"0\" unit=\"1\"/>"}},
    {{.boot = &domain_image, .machine = "pc-q35-7.2", .params = "floppies=a;floppy_name=/i/a"},
     {"bus=\"fdc\""}},
    {{.boot = &cloud},
     {"<source file=\"/run/vtmh/seed.iso\"/>", "<alias name=\"ua-cloud_init\"/>"}},
};

static const struct expectation cards[] = {
    {{.boot = &domain_jeos,
      .params = "nettype=bridge;netdst=br0;mac=9a:00:00:00:00:01;vhost=yes;queues=2"},
     {"<interface type=\"bridge\">", "<source bridge=\"br0\"/>",
      "<driver name=\"vhost\" queues=\"2\"/>", "<mac address=\"9a:00:00:00:00:01\"/>",
      "<model type=\"virtio\"/>", "<rom enabled=\"no\"/>", "<alias name=\"ua-nic1\"/>"}},
    {{.boot = &domain_jeos,
      .params = "nettype=bridge;netdst=br0;vectors=3;nic_extra_params=,mrg_rxbuf=off"},
     {"<driver name=\"qemu\"/>", "<qemu:property name=\"vectors\" type=\"unsigned\" value=\"3\"/>",
      "<qemu:property name=\"mrg_rxbuf\" type=\"bool\" value=\"false\"/>"}},
    {{.boot = &domain_jeos, .params = "nics=a b;nic_model_b=e1000"},
     {"<interface type=\"user\">", "<ip family=\"ipv4\" address=\"10.0.3.0\" prefix=\"24\"/>",
      "<model type=\"e1000\"/>", "<qemu:arg value=\"user,id=net0,hostfwd=tcp:127.0.0.1:0-:22\"/>"}},
    {{.boot = &domain_jeos, .machine = "pc-q35-7.2"}, {"bus=pcie.0,addr=0x19"}},
    {{.boot = &domain_jeos,
      .params = "nettype=bridge;netdst=br0;nic_model=virtio-net-pci-non-transitional"},
     {"<model type=\"virtio-non-transitional\"/>"}},
};

static const struct expectation lines[] = {
    {{.boot = &domain_tick, .params = "serials=s0 s1 s2;serial_type_s2=pci-serial"},
     {"<serial type=\"unix\">", "<source mode=\"bind\" path=\"/run/vtmh/vm1-s1.sock\"/>",
      "<target type=\"isa-serial\" port=\"1\">", "<target type=\"pci-serial\" port=\"2\">"}},
    {{.boot = &domain_tick,
      .params = "serials=s0 s1;chardev_backend_s1=tcp_socket;chardev_ports=5000"},
     {"<serial type=\"tcp\">", "<source mode=\"bind\" host=\"127.0.0.1\" service=\"5000\"/>"}},
    {{.boot = &domain_tick,
      .params = "serials=s0 s1;chardev_backend_s1=tcp_socket;chardev_ports=5000-5010"},
     {"host=127.0.0.1,port=5000,to=5010,server=on"}},
    {{.boot = &domain_jeos, .params = "login_ways=agent"},
     {"<controller type=\"virtio-serial\" index=\"0\">",
      "<source mode=\"connect\" path=\"/run/vtmh/vm1.agent\"/>",
      "<target type=\"virtio\" name=\"org.qemu.guest_agent.0\"/>"}},
};

static const struct expectation others[] = {
    {{.boot = &domain_tick, .params = "vsocks=v;guest_cid=77"},
     {"<vsock model=\"virtio\">", "<cid auto=\"no\" address=\"77\"/>"}},
    {{.boot = &domain_tick, .params = "tpms=t;tpm_model=tpm-tis;tpm_version=1.2"},
     {"<tpm model=\"tpm-tis\">", "<backend type=\"emulator\" version=\"1.2\"/>"}},
    {{.boot = &domain_tick,
      .params = "virtio_rngs=r;backend=rng-random;filename_passthrough=/dev/urandom;"
                "max-bytes_virtio-rng=1024;period_virtio-rng=1000"},
     {"<rate bytes=\"1024\" period=\"1000\"/>",
      "<backend model=\"random\">/dev/urandom</backend>"}},
    {{.boot = &domain_tick,
      .params = "balloon_dev_devid=b;balloon_opt_deflate_on_oom=yes;"
                "balloon_opt_free_page_reporting=yes"},
     {"<memballoon model=\"virtio\" autodeflate=\"on\" freePageReporting=\"on\">"}},
    {{.boot = &domain_tick,
      .params = "enable_watchdog=yes;watchdog_action=inject-nmi;watchdog_device_type=ib700"},
     {"<watchdog model=\"ib700\" action=\"inject-nmi\">"}},
    {{.boot = &domain_tick, .params = "enable_watchdog=yes;watchdog_action=debug"},
     {"<qemu:arg value=\"-watchdog-action\"/>", "<qemu:arg value=\"debug\"/>"}},
    {{.boot = &domain_tick,
      .params = "usbs=u v;usb_type_u=ich9-usb-ehci1;usb_type_v=qemu-xhci;usb_devices=t k h w;"
                "usbdev_type_k=usb-kbd;usbdev_type_h=usb-hub;usbdev_type_w=usb-wacom-tablet;"
                "usb_controller_k=v"},
     {"<controller type=\"usb\" index=\"0\" model=\"ich9-ehci1\">",
      "<controller type=\"usb\" index=\"1\" model=\"qemu-xhci\">",
      "<input type=\"tablet\" bus=\"usb\">", "<input type=\"keyboard\" bus=\"usb\">",
      "<hub type=\"usb\">", "<address type=\"usb\" bus=\"1\"/>",
      "&quot;id&quot;:&quot;w&quot;,&quot;bus&quot;:&quot;ua-u.0&quot;}\"/>"}},
    {{.boot = &domain_tick, .machine = "pc-q35-7.2", .params = "pcie_extra_root_port=2"},
     {"<controller type=\"pci\" index=\"0\" model=\"pcie-root\"/>",
      "<controller type=\"pci\" model=\"pcie-root-port\"/>"}},
};

static const struct expectation screens[] = {
    {{.boot = &domain_tick, .params = "vga=std;display=vnc"},
     {"<model type=\"vga\" primary=\"yes\"/>", "<graphics type=\"vnc\" autoport=\"yes\">",
      "<listen type=\"address\" address=\"127.0.0.1\"/>"}},
    {{.boot = &domain_tick,
      .params = "qxl=yes;qxl_dev_nr=2;qxl_ram_size=67108864;qxl_vgamem_mb=32;display=spice"},
     {"<model type=\"qxl\" ram=\"65536\" vgamem=\"32768\" primary=\"yes\"/>",
      "<graphics type=\"spice\" port=\"8000\" autoport=\"no\">",
      "<qemu:arg value=\"disable-ticketing=on,seamless-migration=off\"/>"}},
    {{.boot = &domain_tick, .params = "vga=cirrus"}, {"<model type=\"cirrus\""}},
    {{.boot = &domain_tick, .params = "vga=vmware"}, {"<model type=\"vmvga\""}},
    {{.boot = &domain_tick, .params = "vga=virtio"}, {"<model type=\"virtio\""}},
    {{.boot = &domain_tick, .params = "vga=bochs"}, {"<model type=\"bochs\""}},
    {{.boot = &domain_tick, .params = "vga=ramfb"}, {"<model type=\"ramfb\""}},
    {{.boot = &domain_tick, .params = "vga=ati;display=vnc"},
     {"<model type=\"none\"/>", "<qemu:arg value=\"ati-vga,id=video0,bus=pci.0,addr=0x19\"/>"}},
    {{.boot = &domain_tick, .params = "vga=std;display=sdl;x11_display=:0"},
     {"<graphics type=\"sdl\" display=\":0\"/>"}},
};

static const struct {
    const char *name;
    const struct expectation *cases;
    size_t n;
} domain_tables[] = {
    {"guests", guests, G_N_ELEMENTS(guests)},
    {"boards", boards, G_N_ELEMENTS(boards)},
    {"memories", memories, G_N_ELEMENTS(memories)},
    {"firmwares", firmwares, G_N_ELEMENTS(firmwares)},
    {"disks", disks, G_N_ELEMENTS(disks)},
    {"servers", servers, G_N_ELEMENTS(servers)},
    {"discs", discs, G_N_ELEMENTS(discs)},
    {"cards", cards, G_N_ELEMENTS(cards)},
    {"lines", lines, G_N_ELEMENTS(lines)},
    {"others", others, G_N_ELEMENTS(others)},
    {"screens", screens, G_N_ELEMENTS(screens)},
};
