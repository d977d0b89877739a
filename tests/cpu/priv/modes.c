// SPDX-License-Identifier: MIT
/*
 * Compatibility mode: 32-bit code under long mode, the instructions that only it has, segment
 * limits, the ways in and out.
 */
#include "priv.h"

#define MSR_SYSENTER_CS	 0x174
#define MSR_SYSENTER_ESP 0x175
#define MSR_SYSENTER_EIP 0x176

static uint8_t sysenter_stack[1024] __attribute__((aligned(16)));

/*
 * Each takes EAX (and AF, CF from flags) and leaves AX in EAX, flags in EBX. EDI: how many values.
 * The sums are what is compared: every AL with both values of AF and CF.
 */
#define DECIMAL(name, insn, undefined)                                                             \
	extern const uint8_t user_##name[];                                                        \
	__asm__(".text\n.code32\nuser_" #name ":\n"                                                \
		"xorl %esi, %esi\n xorl %ebp, %ebp\n"                                              \
		"1: movl %ebp, %eax\n shrl $8, %eax\n shll $4, %eax\n andl $0x10, %eax\n"          \
		"movl %ebp, %ecx\n shrl $9, %ecx\n andl $1, %ecx\n orl %ecx, %eax\n"               \
		"pushl %eax\n movl %ebp, %eax\n andl $0xff, %eax\n movb %al, %ah\n xorb $0x5a, "   \
		"%ah\n"                                                                            \
		"popfl\n " insn "\n pushfl\n popl %ebx\n andl $(0x8d5 & ~" #undefined "), %ebx\n"  \
		"movzwl %ax, %eax\n shll $12, %ebx\n xorl %ebx, %eax\n roll $5, %esi\n"            \
		"addl %eax, %esi\n imull $0x41c64e6d, %esi, %esi\n"                                \
		"incl %ebp\n cmpl $1024, %ebp\n jne 1b\n int $0x81\n.code64\n")
DECIMAL(daa, "daa", 0x800);
DECIMAL(das, "das", 0x800);
DECIMAL(aaa, "aaa", 0x8c4);
DECIMAL(aas, "aas", 0x8c4);
DECIMAL(aam, "aam", 0x811);
DECIMAL(aad, "aad", 0x811);
DECIMAL(aam7, ".byte 0xd4, 7", 0x811);
DECIMAL(aad7, ".byte 0xd5, 7", 0x811);
DECIMAL(salc, ".byte 0xd6", 0);

static void sum_of(const char *name, const uint8_t *code)
{
	run_user(code, USER_CODE32, 0, 0, 0);
	check_trap(name, 0x81, 0);
	report(name, trap.frame.rsi);
}

static void test_decimal(void)
{
	sum_of("DAA", user_daa);
	sum_of("DAS", user_das);
	sum_of("AAA", user_aaa);
	sum_of("AAS", user_aas);
	sum_of("AAM", user_aam);
	sum_of("AAD", user_aad);
	sum_of("AAM by seven", user_aam7);
	sum_of("AAD by seven", user_aad7);
	sum_of("SALC", user_salc);
}

extern const uint8_t user_aam0[], user_bound[], user_arpl[], user_pusha[], user_into[],
	user_push_seg[], user_int80_32[], user_wide[], user_limit[], user_limit_end[], user_to_64[],
	user_from_64[], user_sysenter[], user_loop16[];
__asm__(".text\n.code32\n"
	"user_aam0: .byte 0xd4, 0\n int $0x81\n"
	"user_bound: pushl $10\n pushl $-10\n movl %edi, %eax\n .byte 0x62, 0x04, 0x24\n int "
	"$0x81\n"
	"user_arpl: movl %edi, %eax\n movl %esi, %ecx\n arpl %cx, %ax\n pushfl\n popl %ebx\n"
	"  andl $0x40, %ebx\n int $0x81\n"
	"user_pusha: movl $1, %eax\n movl $2, %ecx\n movl $3, %edx\n movl $4, %ebx\n movl $5, "
	"%ebp\n"
	"  pushal\n movl 12(%esp), %esi\n subl %esp, %esi\n movl %esi, 4(%esp)\n pushaw\n popaw\n "
	"xorl %ecx, %ecx\n popal\n"
	"  addl %ecx, %eax\n addl %edx, %eax\n addl %ebx, %eax\n addl %ebp, %eax\n int $0x81\n"
	"user_into: movb $0x7f, %al\n addb $1, %al\n into\n int $0x81\n"
	"user_push_seg: pushl %ss\n pushl %ds\n movw %ss, %ax\n movw %ax, %ds\n popl %ds\n popl "
	"%es\n"
	"  movl %es, %eax\n int $0x81\n"
	"user_int80_32: int $0x80\n"
	"user_wide: movl $-1, %eax\n incl %eax\n movl $0x12345678, %ebx\n .byte 0x40\n" /* INC EAX,
											   not REX
											 */
	"  leal 1(%ebx,%ebx,2), %ecx\n int $0x81\n"
	"user_limit: movl $0x0f, %eax\n movw %ax, %fs\n movl %fs:0xffc, %ebx\n"
	"user_limit_end: movl %fs:0xffd, %ebx\n int $0x81\n"
	"user_to_64: ljmp $0x2b, $(1f + 0x40000000)\n.code64\n 1: mov $-1, %rax\n shr $4, %rax\n"
	"  mov %cs, %ebx\n int $0x81\n"
	"user_from_64: push $0x1b\n lea 1f(%rip), %rax\n push %rax\n lretq\n.code32\n 1: movl $-1, "
	"%eax\n"
	"  incl %eax\n mov %cs, %ebx\n lcall $0x2b, $(2f + 0x40000000)\n incl %eax\n int $0x81\n"
	".code64\n 2: lea 7(%rax), %rax\n lretl\n"
	".code32\n user_sysenter: sysenter\n int $0x81\n"
	"user_loop16: movl $0x10003, %ecx\n xorl %eax, %eax\n 1: incl %eax\n .byte 0x67\n loop "
	"1b\n int $0x81\n"
	".code64\n");

static void expect(const char *name, const uint8_t *code, uint64_t rdi, uint64_t rsi, int vector)
{
	run_user(code, USER_CODE32, 0, rdi, rsi);
	check_trap(name, vector, 0);
}

static void test_dropped(void)
{
	expect("AAM by zero", user_aam0, 0, 0, 0);
	expect("BOUND inside", user_bound, 10, 0, 0x81);
	expect("BOUND above", user_bound, 11, 0, 5);
	expect("BOUND below", user_bound, (uint32_t)-11, 0, 5);
	expect("ARPL raises", user_arpl, 0x21, 3, 0x81);
	check("to the other's RPL", trap.frame.rax << 8 | trap.frame.rbx, 0x23 << 8 | 0x40);
	expect("ARPL leaves", user_arpl, 0x23, 1, 0x81);
	check("what is higher", trap.frame.rax << 8 | trap.frame.rbx, 0x23 << 8);
	expect("PUSHA, POPA", user_pusha, 0, 0, 0x81);
	check("their registers", trap.frame.rax, 15);
	check("the ESP they save", trap.frame.rsi, 32);
	set_gate(4, 3, 0, 14, KERNEL_CODE);
	expect("INTO", user_into, 0, 0, 4);
	expect("PUSH and POP of segments", user_push_seg, 0, 0, 0x81);
	check("what comes back", trap.frame.rax, USER_DATA | 3);
	expect("32-bit registers", user_wide, 0, 0, 0x81);
	check("INC where REX would be", trap.frame.rax, 1);
	check("LEA is cut to 32 bits", trap.frame.rcx, (uint32_t)(0x12345678u * 3 + 1));
	expect("LOOP by CX", user_loop16, 0, 0, 0x81);
	check("its count", trap.frame.rax, 3);
	check("ECX keeps its upper half", trap.frame.rcx, 0x10000);
}

static void test_limits(void)
{
	if (in_qemu()) {
		skip("segment limits", "QEMU does not check them");
		return;
	}
	run_user(user_limit, USER_CODE32, 0, 0, 0);
	check_trap("beyond a segment's limit", 13, 0);
	check("the last bytes inside can be read", trap.frame.rip, USER(user_limit_end));
}

static void test_transfers(void)
{
	set_gate(0x80, 3, 0, 15, KERNEL_CODE);
	expect("INT 0x80 from 32-bit code", user_int80_32, 0, 0, 0x80);
	check("its CS", trap.frame.cs, USER_CODE32 | 3);
	expect("far JMP to 64-bit code", user_to_64, 0, 0, 0x81);
	check("its CS there", trap.frame.rbx, USER_CODE64 | 3);
	check("64 bits wide", trap.frame.rax, ~0ull >> 4);
	run_user(user_from_64, USER_CODE64, 0, 0, 0);
	check_trap("far RET to 32-bit code, far CALL of 64-bit code and back", 0x81, 0);
	check("what they did", trap.frame.rax, 8);
	check("32-bit CS", trap.frame.rbx, USER_CODE32 | 3);
}

extern const uint8_t sysenter_entry[], sysenter_back[], user_after_sysexit[],
	user_after_sysexit64[];
__asm__(".text\n"
	"sysenter_entry: mov %cs, %ebx\n mov %ss, %ebp\n int $0x83\n"
	"sysenter_back: mov %rdi, %rdx\n mov %rsp, %rcx\n test %rsi, %rsi\n jnz 1f\n sysexitl\n 1: "
	"sysexitq\n"
	".code32\n user_after_sysexit: movl %cs, %ebx\n movl %ss, %ebp\n int $0x81\n"
	".code64\n user_after_sysexit64: mov %cs, %ebx\n mov %ss, %ebp\n int $0x81\n");

/* SYSENTER's CS at KERNEL_CODE; SYSEXIT's are 16, 24 (32-bit), 32 and 40 (64-bit) above. */
static void test_sysenter(void)
{
	if (in_qemu()) {
		skip("SYSENTER, SYSEXIT", "QEMU 7.2 fetches from elsewhere");
		return;
	}
	expect("SYSENTER without a CS", user_sysenter, 0, 0, 13);
	write_msr(MSR_SYSENTER_CS, KERNEL_CODE);
	write_msr(MSR_SYSENTER_ESP, (uintptr_t)sysenter_stack + sizeof(sysenter_stack));
	write_msr(MSR_SYSENTER_EIP, (uintptr_t)sysenter_entry);
	expect("SYSENTER", user_sysenter, 0, 0, 0x83);
	check("its CS and SS", trap.frame.rbx << 16 | trap.frame.rbp,
	      KERNEL_CODE << 16 | KERNEL_DATA);
	check("its stack", trap.frame.rsp, (uintptr_t)sysenter_stack + sizeof(sysenter_stack));
	write_msr(MSR_SYSENTER_EIP, (uintptr_t)sysenter_back);
	expect("SYSEXIT to 32-bit code", user_sysenter, USER(user_after_sysexit), 0, 0x81);
	check("SYSEXIT's CS and SS", trap.frame.rbx << 16 | trap.frame.rbp,
	      (uint64_t)(USER_CODE32 | 3) << 16 | USER_DATA | 3);
	expect("SYSEXIT to 64-bit code", user_sysenter, USER(user_after_sysexit64), 1, 0x81);
	check("SYSEXIT's 64-bit CS and SS", trap.frame.rbx << 16 | trap.frame.rbp,
	      (uint64_t)(USER_CODE64 | 3) << 16 | (USER_CODE64 + 8) | 3);
}

void test_modes(void)
{
	test_decimal();
	test_dropped();
	test_limits();
	test_transfers();
	test_sysenter();
}
