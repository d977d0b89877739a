// SPDX-License-Identifier: MIT
/*
 * Virtual interrupts of a vCPU on the interpreter: posted by the host, sent by itself, held off by priority.
 */
#include "guest_box.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <string.h>
#include "lib/machine_impl.h"
#include "vmx/vapic.h"
#include "module/vcpu.h"

#undef fail /* the module's and cmocka's differ */
#include <cmocka.h>

#define VECTOR 0x51
#define LOW_VECTOR 0x31
#define NOTIFICATION 0xf2
#define CODE_SELECTOR 8
#define TABLES_GPA (BOX_GPA + 0x1000)
#define GDT_OFFSET 0x800
#define HANDLER 0x100
#define POSTED_ON 32

static const uint8_t main_code[] = {
	0xfb,       /* sti */
	0xeb, 0xfe, /* here: jmp here */
};

static const uint8_t handler_code[] = {
	0xb9, 0x0b, 0x08, 0x00, 0x00, /* mov ecx, 0x80b */
	0x31, 0xc0, 0x31, 0xd2,       /* xor eax, eax; xor edx, edx */
	0x0f, 0x30,                   /* wrmsr: end of interrupt */
	0xb8, VECTOR, 0x00, 0x00, 0x00, /* mov eax, 0x51 */
	0xf4,                         /* hlt */
};

struct interrupt_box {
	struct guest_box b;
	uint8_t *posted;
};

static void put_gate(uint8_t *idt, unsigned vector)
{
	uint32_t handler = BOX_GPA + HANDLER;
	uint32_t low = CODE_SELECTOR << 16 | (handler & 0xffff), high = (handler & 0xffff0000) | 0x8e00;

	memcpy(idt + 8 * vector, &low, 4);
	memcpy(idt + 8 * vector + 4, &high, 4);
}

static void point_at_tables(void)
{
	seamless_set_guest_field(VMCS_GUEST_IDTR_BASE, TABLES_GPA);
	seamless_set_guest_field(VMCS_GUEST_IDTR_LIMIT, GDT_OFFSET - 1);
	seamless_set_guest_field(VMCS_GUEST_GDTR_BASE, TABLES_GPA + GDT_OFFSET);
	seamless_set_guest_field(VMCS_GUEST_GDTR_LIMIT, 15);
	seamless_set_guest_field(VMCS_GUEST_CS_SELECTOR, CODE_SELECTOR);
	seamless_set_guest_field(VMCS_GUEST_RIP, BOX_GPA);
	seamless_set_guest_field(VMCS_GUEST_RSP, TABLES_GPA + 0xff0);
}

static struct vmcs *vmcs_of(struct guest_box *b)
{
	struct vcpu vp;

	vcpu_load(b->machine->module, b->td.vcpu[0].tdvpr, &vp);
	return vcpu_vmcs(b->machine->module, &vp, 0);
}

static struct vapic apic_of(struct interrupt_box *i)
{
	struct vcpu vp;

	vcpu_load(i->b.machine->module, i->b.td.vcpu[0].tdvpr, &vp);
	return (struct vapic){ .page = vcpu_page(i->b.machine->module, &vp, TDVPS_PAGE_VAPIC),
			       .vmcs = vmcs_of(&i->b) };
}

static void open_box(struct interrupt_box *i)
{
	const struct td_config config = { .xfam = 3, .max_vcpus = 1 };
	static const uint8_t code_segment[8] = { 0xff, 0xff, 0, 0, 0, 0x9b, 0xcf, 0 };
	uint8_t pages[2][VMM_4K] = { { 0 } };
	uint64_t descriptor;

	memcpy(pages[0], main_code, sizeof(main_code));
	memcpy(pages[0] + HANDLER, handler_code, sizeof(handler_code));
	put_gate(pages[1], VECTOR);
	memcpy(pages[1] + GDT_OFFSET + CODE_SELECTOR, code_segment, sizeof(code_segment));
	box_open_with(&i->b, &config, (const uint8_t(*)[VMM_4K])pages, 2);
	descriptor = host_new_page(&i->b.host);
	i->posted = pa_ptr(i->b.machine->module, descriptor);
	box_enter(&i->b);
	vmcs_set_bits(vmcs_of(&i->b), VMCS_PIN_CTLS, VMX_PIN_POSTED_INTERRUPTS);
	vmcs_write(vmcs_of(&i->b), VMCS_POSTED_INTR_DESC, descriptor);
	vmcs_write(vmcs_of(&i->b), VMCS_POSTED_INTR_VECTOR, NOTIFICATION);
	point_at_tables();
}

static void post(struct interrupt_box *i, unsigned vector)
{
	i->posted[vector / 8] |= (uint8_t)(1u << vector % 8);
	i->posted[POSTED_ON] |= 1;
}

/* Posted before the entry: delivered with the first instruction that allows it, ended by the guest. */
static void posted_interrupt_is_delivered(void **state)
{
	struct interrupt_box i;

	(void)state;
	open_box(&i);
	post(&i, VECTOR);
	box_run(&i.b);
	assert_int_equal(i.b.where, SEAMLESS_TO_GUEST);
	assert_int_equal(i.b.regs.gpr[GPR_RAX], VECTOR);
	assert_int_equal(box_vps(&i.b)->ve_exit_reason, EXIT_REASON_HLT);
	assert_int_equal(box_field(VMCS_GUEST_INTR_STATUS), 0);
	assert_int_equal(i.posted[VECTOR / 8] | i.posted[POSTED_ON], 0);
	box_close(&i.b);
}

/* Posted while it runs: the notification does not end the run. */
static void notification_makes_no_exit(void **state)
{
	struct interrupt_box i;

	(void)state;
	open_box(&i);
	seamless_lp_kick(i.b.machine, 0);
	seamless_advance_tsc(i.b.machine, 1 << 20);
	box_run(&i.b);
	assert_int_equal(i.b.where, SEAMLESS_TO_HOST);
	post(&i, VECTOR);
	box_enter(&i.b);
	assert_true(seamless_lp_notify(i.b.machine, 0));
	box_run(&i.b);
	assert_int_equal(i.b.where, SEAMLESS_TO_GUEST);
	assert_int_equal(i.b.regs.gpr[GPR_RAX], VECTOR);
	assert_false(seamless_lp_notify(i.b.machine, 1000));
	box_close(&i.b);
}

/* Below the task priority it waits; the host's kick ends the run. */
static void priority_holds_it_off(void **state)
{
	struct interrupt_box i;
	struct vapic apic;

	(void)state;
	open_box(&i);
	apic = apic_of(&i);
	vapic_set_tpr(&apic, 0x60);
	post(&i, VECTOR);
	seamless_lp_kick(i.b.machine, 0);
	seamless_advance_tsc(i.b.machine, 1 << 20);
	box_run(&i.b);
	assert_int_equal(i.b.where, SEAMLESS_TO_HOST);
	assert_int_equal(i.b.regs.gpr[GPR_RAX], EXIT_REASON_EXTERNAL_INTERRUPT);
	box_close(&i.b);
}

/* The registers that need no exit. */
static void registers(void **state)
{
	struct interrupt_box i;
	struct vapic a;
	uint64_t value;

	(void)state;
	open_box(&i);
	a = apic_of(&i);
	assert_false(vapic_wrmsr(&a, 0x808, 0x100));
	assert_true(vapic_wrmsr(&a, 0x808, 0x20));
	assert_true(vapic_rdmsr(&a, 0x80a, &value));
	assert_int_equal(value, 0x20);
	assert_true(vapic_wrmsr(&a, 0x83f, LOW_VECTOR));
	assert_true(vapic_wrmsr(&a, 0x83f, VECTOR));
	assert_int_equal(vapic_vector(&a), VECTOR);
	vapic_deliver(&a, VECTOR);
	assert_int_equal(vapic_vector(&a), -1);
	assert_int_equal(box_field(VMCS_GUEST_INTR_STATUS), VECTOR << 8 | LOW_VECTOR);
	assert_false(vapic_wrmsr(&a, 0x80b, 1));
	assert_true(vapic_wrmsr(&a, 0x80b, 0));
	assert_int_equal(vapic_vector(&a), LOW_VECTOR);
	assert_false(vapic_wrmsr(&a, 0x80a, 0));
	assert_true(vapic_wrmsr(&a, 0x83f, 3));
	assert_int_equal(vapic_vector(&a), LOW_VECTOR);
	box_close(&i.b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(posted_interrupt_is_delivered),
		cmocka_unit_test(notification_makes_no_exit),
		cmocka_unit_test(priority_holds_it_off),
		cmocka_unit_test(registers),
	};

	return cmocka_run_group_tests_name("module-interrupts", tests, NULL, NULL);
}
