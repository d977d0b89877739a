// SPDX-License-Identifier: MIT
/*
 * A hostile guest of a virtual machine: TDVMCALLs with any registers, on both of its vCPUs, and
 * with them all devices as they are wired (serial port, clock, power management, PCI, fw_cfg,
 * virtio console, I/O APIC, local APICs, MSRs), memory that faults, is converted and is written
 * under the devices' eyes, time that passes. The TD is a real one and ends after each input: then
 * the host owns all of its memory again. No guest runs, the registers are set here. Input: records
 * of sixteen bytes.
 */
#include <string.h>

#include "../fuzz.h"
#include "formats/bytes.h"
#include "tdx/tdvmcall.h"
#include "vmm/dma.h"
#include "vmm/regs.h"
#include "vmm/virtio_common.h"
#include "vmm/vm.h"

#define RAM	(16ull << 20)
#define RECORDS 128u
#define VCPUS	2u

enum { CALL, FAULT, STORE, DESCRIBE, START_CONSOLE, TYPE, TIME, HALT, PAGE, OPS };

struct record {
	uint8_t op, how; /* how: bit 0 the vCPU, the others the operation's own */
	uint16_t at;
	uint32_t small;
	uint64_t value;
};

static struct seamless_machine *machine;
static struct vmm_host host;
static struct vmm_image image;
static struct vmm_vm vm;
static uint64_t free_frames;
static uint8_t kernel[9000];

/* Frames that nobody has. */
static uint64_t count_free(void)
{
	uint64_t n = 0;

	for (size_t i = 0; i < host.frames.blocks; i++)
		n += host.frames.block[i].unused;
	return n;
}

/* ---- the machine, made once ---- */

static const uint8_t *empty_page(const struct vmm_image *of, uint64_t gpa, uint8_t room[VMM_4K])
{
	(void)of;
	(void)gpa;
	return memset(room, 0xf4, VMM_4K);
}

static void make_image(void)
{
	image_set_ram(&image, RAM);
	image.section[image.count++] =
		(struct image_section){ .range = { 0xfffff000, VMM_4K }, .page = empty_page };
	image.item[image.items++] = (struct image_item){ 0, "QEMU", 4 };
	image.item[image.items++] = (struct image_item){ 0x11, kernel, sizeof(kernel) };
}

static bool starts(const char *line, const char *with)
{
	return !strncmp(line, with, strlen(with));
}

/* The built-in platform with the least memory: its pages are counted after each input. */
static size_t platform(char *to)
{
	static const char more[] = "memory 64M\ncmr 0x100000 0x3f00000\nlps 2\n"
				   "tsc start 1000000000 event 0x100000 read 1\n";
	size_t left, size = 0, length;

	for (const char *line = seamless_platform_text("default", &left); left;
	     line += length, left -= length) {
		const char *newline = memchr(line, '\n', left);

		length = newline ? (size_t)(newline - line) + 1 : left;
		if (starts(line, "memory ") || starts(line, "cmr "))
			continue;
		memcpy(to + size, line, length);
		size += length;
	}
	memcpy(to + size, more, sizeof(more));
	return size + sizeof(more) - 1;
}

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	static char text[16384];
	struct seamless_config config = { .name = "fuzz",
					  .text = text,
					  .guest = SEAMLESS_GUEST_SCRIPTED };
	char why[200];
	struct vmm_error err;

	(void)argc;
	(void)argv;
	config.len = platform(text);
	machine = seamless_create(&config, why, sizeof(why));
	HOLDS(machine && !host_open(&host, machine, &err));
	make_image();
	free_frames = count_free();
	return 0;
}

/* ---- operands that mean something ---- */

static uint64_t port(const struct record *r)
{
	static const uint16_t base[] = { UART_COM1, RTC_PORT, PM_BASE,	   PM_SLEEP_CONTROL,
					 PM_RESET,  PCI_PORT, FW_CFG_PORT, 0x42 };

	return base[r->at & 7] + (r->at >> 3 & 15);
}

/* Configuration space of the functions that are there, their memory, the I/O APIC, what is beside
 * them. */
static uint64_t mmio_address(const struct record *r)
{
	static const uint16_t function[] = { 0, BOARD_CONSOLE_DEVICE << 3, 0x1f << 3, 2 << 3 };

	switch (r->at >> 14) {
	case 0:
		return BOARD_ECAM_BASE + ((uint32_t)function[r->at >> 8 & 3] << 12) +
		       (r->at & 0xff);
	case 1: return BOARD_IOAPIC_BASE + (r->at & 0x1f);
	case 2: return BOARD_CONSOLE_BAR + (uint32_t)(r->at >> 8 & 7) * 0x1000 + (r->at & 0xff);
	default: return r->value >> 32;
	}
}

static uint64_t msr(const struct record *r)
{
	static const uint16_t base[] = { 0x1b,	0x802, 0x820, 0x838, LAPIC_MSR_TSC_DEADLINE,
					 0x2f8, 0x200, 0x8b };

	return base[r->at & 7] + (r->at >> 3 & 31);
}

/* An address in RAM or just beside it, private or shared. */
static uint64_t address(const struct record *r)
{
	uint64_t gpa = (r->small & 0xfff) << 12 | (r->small & 0x1000) << 12;

	return gpa | (r->at & 0x8000 ? vm.shared.bit : 0) |
	       (r->at & 0x4000 ? r->small >> 16 & 0xfff : 0);
}

static uint64_t number(const struct record *r)
{
	static const uint64_t numbers[] = { TDX_VMCALL_FN_INSTRUCTION_IO,
					    TDX_VMCALL_FN_REQUEST_MMIO,
					    TDX_VMCALL_FN_INSTRUCTION_WRMSR,
					    TDX_VMCALL_FN_INSTRUCTION_RDMSR,
					    TDX_VMCALL_FN_MAP_GPA,
					    TDX_VMCALL_FN_GET_QUOTE,
					    TDX_VMCALL_FN_INSTRUCTION_CPUID,
					    TDX_VMCALL_FN_SETUP_EVENT_NOTIFY_INTERRUPT,
					    TDX_VMCALL_FN_GET_TD_VM_CALL_INFO,
					    TDX_VMCALL_FN_INSTRUCTION_WBINVD,
					    TDX_VMCALL_FN_REPORT_FATAL_ERROR };

	return numbers[(r->how >> 4) % (sizeof(numbers) / sizeof(*numbers))];
}

static void operands(const struct record *r, uint64_t *regs)
{
	regs[R12] = r->how & 2 ? 1u << (r->small & 3) : r->small;
	regs[R13] = r->how >> 2 & 1;
	regs[R15] = r->value;
	switch (regs[R11]) {
	case TDX_VMCALL_FN_INSTRUCTION_IO: regs[R14] = port(r); break;
	case TDX_VMCALL_FN_REQUEST_MMIO: regs[R14] = mmio_address(r); break;
	case TDX_VMCALL_FN_INSTRUCTION_RDMSR:
	case TDX_VMCALL_FN_INSTRUCTION_WRMSR:
		regs[R12] = msr(r);
		regs[R13] = r->value;
		break;
	case TDX_VMCALL_FN_MAP_GPA:
	case TDX_VMCALL_FN_GET_QUOTE:
		regs[R12] = address(r);
		regs[R13] = r->how & 2 ? (r->value & 0xfff) << 12 : r->value;
		break;
	default: break;
	}
}

/* ---- operations, on the processor of their vCPU ---- */

static void serve(struct vmm_vcpu *vcpu, uint64_t number, uint64_t r12, uint64_t r13, uint64_t r14,
		  uint64_t r15)
{
	uint64_t *regs = vcpu->regs;

	memset(regs, 0, sizeof(vcpu->regs));
	regs[R11] = number;
	regs[R12] = r12;
	regs[R13] = r13;
	regs[R14] = r14;
	regs[R15] = r15;
	vmcall_serve(vcpu);
}

/* A status that the interface knows; no answer to an access is wider than the access. */
static void call(struct vmm_vcpu *vcpu, const struct record *r)
{
	uint64_t regs[16] = { [R11] = number(r) }, status;

	operands(r, regs);
	if (r->how == 0xff) {
		regs[R11] = r->value;
		regs[R12] = r->small;
	}
	serve(vcpu, regs[R11], regs[R12], regs[R13], regs[R14], regs[R15]);
	status = vcpu->regs[R10];
	HOLDS(status == TDX_VMCALL_SUCCESS || status == TDX_VMCALL_RETRY ||
	      status == TDX_VMCALL_INVALID_OPERAND || status == TDX_VMCALL_ALIGN_ERROR);
	if (!status && !regs[R13] && regs[R12] < 8 &&
	    (regs[R11] == TDX_VMCALL_FN_INSTRUCTION_IO || regs[R11] == TDX_VMCALL_FN_REQUEST_MMIO))
		HOLDS(!(vcpu->regs[R11] >> (8 * regs[R12])));
}

static void fault(struct vmm_vcpu *vcpu, const struct record *r)
{
	const struct vm_fault f = { .gpa = align_down(address(r), VMM_4K),
				    .fetch = (r->how & 0xf0) == 0xf0,
				    .pending = (r->how & 0xf0) == 0xe0,
				    .accept_level = (r->how >> 1 & 3) - 1 };

	vm_memory_fault(vcpu, &f);
}

/* The guest writes its shared memory: a descriptor of fw_cfg's, a ring's, the head of a quote's
 * buffer, anything. */
static void store(const struct record *r)
{
	uint8_t bytes[16];

	put_be32(bytes, r->how & 2 ? (uint32_t)(r->how >> 2 & 3) * 0x110000 | 0xa : r->small);
	put_be32(bytes + 4, r->at);
	put_be32(bytes + 8, r->how & 16 ? 0 : (uint32_t)(r->value >> 32));
	put_be32(bytes + 12, (uint32_t)(r->how & 16 ? r->value & (RAM - 1) : r->value));
	dma_write(&vm, r->small & (RAM - 1), bytes, sizeof(bytes));
}

/* An entry of a descriptor table where the console's queues are, with the chain that begins there
 * made available. */
static void describe(const struct record *r)
{
	uint8_t bytes[16];
	unsigned queue = r->how >> 1 & 1, entry = r->at & 7;
	uint16_t index;

	put_le64(bytes, r->value & (2 * RAM - 1));
	put_le32(bytes + 8, r->small & 0xffff);
	put_le16(bytes + 12, r->how >> 2 & 7);
	put_le16(bytes + 14, r->at >> 3 & 7);
	dma_write(&vm, 0x1000 * queue + 16 * entry, bytes, sizeof(bytes));
	if (dma_read(&vm, 0x1000 * queue + 0x402, &index, sizeof(index)))
		return;
	put_le16(bytes, (uint16_t)entry);
	dma_write(&vm, 0x1000 * queue + 0x404 + 2 * (index % VIRTQUEUE_MAX), bytes, 2);
	index++;
	dma_write(&vm, 0x1000 * queue + 0x402, &index, sizeof(index));
	serve(&vm.vcpu[0], TDX_VMCALL_FN_REQUEST_MMIO, 2, 1,
	      BOARD_CONSOLE_BAR + VIRTIO_NOTIFY + 4 * queue, queue);
}

struct access {
	uint16_t at;
	uint8_t size;
	uint32_t value;
};

static void write_bar(struct vmm_vcpu *vcpu, const struct access *a, size_t count)
{
	for (size_t i = 0; i < count; i++)
		serve(vcpu, TDX_VMCALL_FN_REQUEST_MMIO, a[i].size, 1, BOARD_CONSOLE_BAR + a[i].at,
		      a[i].value);
}

/* What a driver does before its first buffer. */
static void start_console(struct vmm_vcpu *vcpu)
{
	static const struct access features[] = {
		{ VIRTIO_DEVICE_STATUS, 1, 0 },		{ VIRTIO_DEVICE_STATUS, 1, 3 },
		{ VIRTIO_DRIVER_FEATURE_SELECT, 4, 1 }, { VIRTIO_DRIVER_FEATURE, 4, 3 },
		{ VIRTIO_DEVICE_STATUS, 1, 0xb },	{ VIRTIO_MSIX_TABLE + 16, 4, 0xfee00000 },
		{ VIRTIO_MSIX_TABLE + 24, 4, 0x40 },	{ VIRTIO_MSIX_TABLE + 28, 4, 0 },
	};
	const uint64_t config = BOARD_ECAM_BASE + (BOARD_CONSOLE_DEVICE << 15);

	serve(vcpu, TDX_VMCALL_FN_REQUEST_MMIO, 4, 1, config + PCI_BAR0, BOARD_CONSOLE_BAR);
	serve(vcpu, TDX_VMCALL_FN_REQUEST_MMIO, 2, 1, config + PCI_COMMAND,
	      PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
	serve(vcpu, TDX_VMCALL_FN_REQUEST_MMIO, 2, 1, config + 0x42, 0x8000);
	write_bar(vcpu, features, sizeof(features) / sizeof(*features));
	for (unsigned q = 0; q < 2; q++) {
		const struct access queue[] = {
			{ VIRTIO_QUEUE_SELECT, 2, q },
			{ VIRTIO_QUEUE_MSIX_VECTOR, 2, 1 },
			{ VIRTIO_QUEUE_DESC, 4, 0x1000 * q },
			{ VIRTIO_QUEUE_DRIVER, 4, 0x1000 * q + 0x400 },
			{ VIRTIO_QUEUE_DEVICE, 4, 0x1000 * q + 0x600 },
			{ VIRTIO_QUEUE_ENABLE, 2, 1 },
		};

		write_bar(vcpu, queue, sizeof(queue) / sizeof(*queue));
	}
	write_bar(vcpu, (const struct access[]){ { VIRTIO_DEVICE_STATUS, 1, 0xf } }, 1);
}

static void type(const struct record *r)
{
	const uint8_t *bytes = (const uint8_t *)r;

	HOLDS(uart_receive(&vm.uart, bytes, sizeof(*r)) <= sizeof(*r));
	HOLDS(virtio_console_type(&vm.hvc, bytes, r->small % sizeof(*r)) <= sizeof(*r));
}

static void halt(struct vmm_vcpu *vcpu, const struct record *r)
{
	serve(vcpu, TDX_VMCALL_FN_INSTRUCTION_HLT, r->how & 2, 0, 0, 0);
	if (vcpu_sleeps(vcpu))
		vm_check_rest(&vm);
	vcpu->asleep = false; /* it goes on whatever came */
}

static void act(struct vmm_vcpu *vcpu, const struct record *r)
{
	switch (r->op % OPS) {
	case CALL: call(vcpu, r); break;
	case FAULT: fault(vcpu, r); break;
	case STORE: store(r); break;
	case DESCRIBE: describe(r); break;
	case START_CONSOLE: start_console(vcpu); break;
	case TYPE: type(r); break;
	case HALT: halt(vcpu, r); break;
	case TIME:
		seamless_advance_tsc(machine, r->value >> (r->how >> 1 & 63));
		timers_fire_due(&vm.timers);
		break;
	default:
		serve(vcpu, TDX_VMCALL_FN_MAP_GPA, address(r), (uint64_t)(1 + (r->how >> 1)) << 12,
		      0, 0);
		break;
	}
}

/* ---- one life ---- */

static void print(void *opaque, uint8_t byte)
{
	(void)byte;
	++*(uint64_t *)opaque;
}

static size_t quote(void *opaque, const uint8_t *report, uint8_t *to, size_t room)
{
	size_t size = report[0] % 5 * 1024u;

	(void)opaque;
	if (size > room)
		return 0;
	memset(to, report[1], size);
	return size;
}

static void on_processor(unsigned lp, void (*run)(void *opaque), void *opaque)
{
	struct vmm_error err;

	HOLDS(!host_enter_lp(&host, lp, &err));
	run(opaque);
	host_leave_lp(&host);
}

static void build(void *opaque)
{
	struct vmm_error err;

	(void)opaque;
	HOLDS(!vm_build(&vm, &err));
}

static void act_on(void *opaque)
{
	const struct record *r = opaque;
	unsigned index = r->how & 1;

	vm.td.vcpu[index].lp = (int)index; /* as an entry leaves it */
	act(&vm.vcpu[index], r);
}

static void flush(void *opaque)
{
	struct vmm_error err;

	HOLDS(!td_flush_vcpu(&vm.td, *(unsigned *)opaque, &err));
}

static void end(void)
{
	struct vmm_error err;
	uint64_t freed;

	for (unsigned i = 0; i < VCPUS; i++)
		on_processor(i, flush, &i);
	HOLDS(!vm_destroy(&vm, &freed, &err) && freed);
	HOLDS(count_free() == free_frames);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint64_t printed = 0;
	const struct vm_config config = { .vcpus = VCPUS,
					  .deterministic = true,
					  .console = print,
					  .console_opaque = &printed,
					  .quote = quote };
	struct record r;

	vm_init(&vm, &host, &image, &config);
	on_processor(0, build, NULL);
	for (unsigned n = 0; n < RECORDS && size >= sizeof(r) && !vm.end;
	     n++, data += sizeof(r), size -= sizeof(r)) {
		memcpy(&r, data, sizeof(r));
		on_processor(r.how & 1, act_on, &r);
	}
	end();
	return 0;
}
