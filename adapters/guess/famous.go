package guess

import "strings"

// famous are passwords that many people choose, with or without something
// behind them, and that the library's list, older than some of them, does not
// have. The library takes them as it takes words of the account's own.
var famous = strings.Fields(`
	1357924680 1q2w3e4r5t6y q1w2e3r4t5y6 qweasdzxc 123qweasdzxc zxcasdqwe qazwsxedcrfv 1qazxsw23edc qwertyuiopasdfghjkl
	1qaz@wsx !qaz2wsx 1qaz!qaz !qaz@wsx !@#$%^&*() 1qaz2wsx3edc4rfv
	rockyou masterkey dragonfly godisgood helloworld postgres mysql facebook instagram whatsapp minecraft fortnite
	runescape worldofwarcraft leagueoflegends callofduty counterstrike finalfantasy dragonballz assassinscreed grandtheftauto
	harrypotter hellokitty mickeymouse minniemouse winniethepooh hannahmontana highschool highschoolmusical
	jonasbrothers justinbieber onedirection taylorswift linkinpark mychemicalromance simpleplan chrisbrown
	realmadrid fcbarcelona manchesterunited manchestercity bayernmunich liverpoolfc cristianoronaldo
	bestfriend bestfriends iloveyousomuch iloveyouforever ilovehim loveforever foreverlove lovehurts babygurl
	sexymama sexybaby prettygirl countrygirl softballgirl jesuschrist jesussaves jesuslovesme jesusislord
	tequiero tequieromucho teamomucho teamoamor jetaimeavie motdepasse ichliebedich hallohallo lieblingsmensch hejsan wachtwoord
	woaini520 woaini1314 woaiwojia wocaonima caonima
`)
