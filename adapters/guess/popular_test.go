package guess

import "strings"

// popular are passwords of eight characters and more that everybody who
// attacks logins tries.
var popular = strings.Fields(`
	password 12345678 123456789 1234567890 0123456789 0987654321 987654321 9876543210 11111111 00000000 88888888 1111111111
	12341234 87654321 11223344 112233445566 1122334455 121212121 12121212 123123123 123321123 147258369 147852369 159357456
	741852963 789456123 963852741 123654789 7894561230 01234567 09876543 22222222 33333333 55555555 66666666 77777777 999999999
	qwertyui qwertyuiop qwerty12 qwerty123 qwerty1234 qwerty12345 qwerty123456 Qwerty123! Qwerty1! 1q2w3e4r 1q2w3e4r5t 1qaz2wsx
	1qaz2wsx3edc 1qazxsw2 zaq12wsx zaq1xsw2 q1w2e3r4 q1w2e3r4t5 qazwsxedc qazwsx123 asdfghjk asdfghjkl asdfasdf asdf1234 asdasdasd
	zxcvbnm1 zxcvbnm123 zxcv1234 qweqweqwe poiuytrewq lkjhgfdsa abcdefgh abcdefghi abcd1234 abc12345 abc123456 Abc12345 Abcd1234
	a1234567 a12345678 a123456789 aa123456 aa12345678 Aa123456 Aa123456! 1234qwer qwer1234 123qweasd 123456789a 1234567a 12345678a
	password1 password2 password3 password12 password123 password123! password! password1! Password1 Password1! Password123
	Password123! passw0rd Passw0rd! Passw0rd1 P@ssw0rd P@ssw0rd1 P@ssw0rd! P@$$w0rd Pa$$w0rd p@ssword pass1234 pass@123 passpass
	iloveyou iloveyou! iloveyou1 iloveyou2 iloveyou123 loveyou1 ilovehim loveme12 iloveme1 lovelove fuckyou1 fuckyou123 fuckoff1 asshole1
	princess princess1 princess123 sunshine sunshine1 sunshine123 chocolate chocolate1 butterfly butterfly1 football football1
	football12 baseball baseball1 basketball basketball1 softball volleyball superman superman1 spiderman spiderman1 batman123 starwars
	starwars1 pokemon1 pokemon123 naruto123 trustno1 letmein1 letmein! letmein123 letmein123! welcome1 welcome123 Welcome1 Welcome1!
	Welcome123 monkey123 dragon123 dragon12 shadow123 master123 killer123 hunter12 charlie1 michael1 jessica1 ashley12 daniel12
	jennifer jennifer1 jordan23 thomas12 anthony1 matthew1 babygirl babygirl1 tinkerbell whatever whatever1 computer computer1
	internet internet1 changeme changeme1 changeme123 admin123 admin1234 admin@123 Admin123! administrator adminadmin root1234 rootroot
	test1234 Test1234! testtest testing1 testing123 guest123 user1234 login123 secret123 default1 temp1234 access14 oracle123 cisco123
	google123 samsung1 liverpool liverpool1 barcelona chelsea1 arsenal1 juventus manchester yankees1 steelers1 mustang1 ferrari1
	corvette mercedes slipknot1 metallica blink182 linkinpark greenday rockstar1 hello123 hello1234 helloworld hellokitty facebook1
	minecraft1 harrypotter hannahmontana highschool jonasbrothers justinbieber bestfriend realmadrid jesuschrist qq123456 woaini1314
	1314520a 5201314520 zxcvbn123 asd12345 summer12 summer123 Summer2024! purple12 cookie123 flower123 banana12 snoopy12 maggie12
`)
